"""Tags name entries of public lists, in the editions that we know."""

import re

import pytest

from agentaudit_processor.classify.tags import TagError, checked, label_of, techniques


def test_tags_are_sorted_and_each_is_kept_once():
    tags = ["owasp.asi02:2026", "attack.t1552.004", "owasp.asi02:2026"]

    assert ("attack.t1552.004", "owasp.asi02:2026") == checked(tags)


@pytest.mark.parametrize(
    "tag",
    ["T1485", "attack.T1485", "attack.t14855", "owasp.asi05", "owasp.asi11:2026", "", 7, "x\n"],
)
def test_what_names_no_entry_is_refused(tag: object):
    with pytest.raises(TagError, match="expected such as"):
        checked([tag])


@pytest.mark.parametrize("tag", ["attack.t1999", "attack.t1486.001", "attack.t0001"])
def test_a_technique_that_does_not_exist_is_refused(tag: str):
    with pytest.raises(TagError, match="has no such technique"):
        checked([tag])


def test_every_technique_is_an_id_with_a_name_and_none_is_revoked():
    known = techniques()

    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", id_) and name for id_, name in known.items())
    assert known.keys().isdisjoint({"T1562", "T1562.001", "T1070.001", "T1656"})
    assert {id_.partition(".")[0] for id_ in known} <= known.keys()


def test_a_technique_that_was_revoked_is_refused_with_its_successor():
    with pytest.raises(TagError, match=r"has `attack\.t1685\.004` in its place"):
        checked(["attack.t1562.012"])


@pytest.mark.parametrize(
    ("tag", "label"),
    [
        ("attack.t1552.004", "ATT&CK T1552.004 Private Keys"),
        ("attack.t1999", "ATT&CK T1999"),
        ("owasp.asi05:2026", "OWASP ASI05:2026 Unexpected Code Execution (RCE)"),
        ("owasp.llm06:2025", "OWASP LLM06:2025 Excessive Agency"),
        ("of a later version", "of a later version"),
    ],
)
def test_a_tag_is_named_for_people(tag: str, label: str):
    assert label == label_of(tag)
