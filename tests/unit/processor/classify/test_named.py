"""A form counts beside its words, and nowhere else."""

import re

import pytest

from agentaudit_processor.classify.named import named
from agentaudit_processor.classify.patterns import Pattern, RuleError
from agentaudit_processor.classify.rules import parse_pack

NUMBER = named("bsn|burgerservicenummer", r"\d{9}", alone=r"\d{4}\.\d{2}\.\d{3}", lone=r"\d{9}")
NAME = named("full[ _-]?name", "[A-Z][a-z]+ [A-Z][a-z]+", link="value")


@pytest.mark.parametrize(
    "text",
    [
        "bsn=123456782\x00\n",
        '{"bsn": "123456782"}',
        "customer_bsn: 123456782",
        "BSN number is 123456782.",
        "the burgerservicenummer of this client: 123456782",
        "123456782 is the bsn",
        "seen 1234.56.782 there",
        "value=123456782\x00\n",
    ],
)
def test_a_form_beside_its_word_is_found(text: str):
    raw = text.encode()

    places = Pattern(NUMBER.pattern).find(raw)

    found = [raw[start:end].decode() for start, end in places[1:] if start >= 0]
    assert ["123456782"] == [value.replace(".", "") for value in found]
    assert Pattern(NUMBER.trigger).occurs(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "gh run view 123456782 --log",
        "run_id=123456782\x00\n",
        "bsnes 123456782",
        "absn: 123456782",
        "bsn: 1234567820",
        "bsn\n123456782",
        "bsn 7 of run 123456782",
        "OPS-1234.56.782",
    ],
)
def test_a_form_without_its_word_is_not(text: str):
    assert not Pattern(NUMBER.pattern).occurs(text.encode())


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("full_name: Anna Schmidt", True),
        ("SET full_name='Anna Schmidt'", True),
        ('{"full-name" : "Anna Schmidt"}', True),
        ("ask for the full name Anna Schmidt", False),
    ],
)
def test_a_value_is_linked_by_a_sign(text: str, met: bool):
    assert Pattern(NAME.pattern).occurs(text.encode()) == met


def test_words_of_other_scripts_are_matched_as_utf8():
    pattern = named("주민등록번호", r"\d{6}").pattern

    assert pattern.isascii()
    assert Pattern(pattern).occurs("주민등록번호는 971013".encode())


def test_every_sign_of_a_word_is_escaped_alike():
    assert re.search(r"\\xc3\\xb8", named("fødselsnummer", r"\d").pattern)


def test_words_need_a_form():
    pack = """\
pack: demo
version: 1
rules:
  - {id: demo.one, title: One, why: B, advice: D, severity: low, words: bsn,
     examples: {match: [{name: a, command: a}], no_match: [{name: b, command: b}]}}
"""

    with pytest.raises(RuleError, match="`words` need a `form`"):
        parse_pack("demo.yaml", pack)
