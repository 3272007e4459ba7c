"""What holds for all rules of the secrets packs together."""

from base64 import b64encode
from collections import Counter

import pytest

from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.patterns import Pattern
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_request

SECRETS = [rule for rule in load_packs().rules if rule.secret]
VENDOR_PACKS = ("ai", "cloud", "code", "messaging", "payment", "services", "data")
JUDGE = Judge.load()


def test_a_secret_type_belongs_to_one_rule():
    # a mask tells the type alone: read again, it must lead back to the rule that made it
    doubled = {name for name, n in Counter(rule.secret for rule in SECRETS).items() if n > 1}

    assert set() == doubled


def test_two_hundred_forms_of_vendors_are_known_each_from_its_vendors_words():
    vendors = [
        rule
        for rule in SECRETS
        if rule.id.partition(".")[0].removeprefix("secrets_") in VENDOR_PACKS
        and not rule.id.endswith("_unproven")
    ]

    assert len(vendors) >= 200
    assert [] == [rule.id for rule in vendors if rule.source in ("", "common practice")]


@pytest.mark.parametrize(("check", "kind"), [("244OIBY", ""), ("xYz1A2", "_unproven")])
@pytest.mark.parametrize(("prefix", "vendor"), [("ghp_", "github"), ("npm_", "npm")])
def test_where_a_form_has_a_checksum_it_tells_the_proven_from_the_others(
    prefix: str, vendor: str, check: str, kind: str
):
    body = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW" + check.rjust(7, "0")
    call = a_request(arguments={"note": f"use {prefix}{body}"})

    found = [finding.secret for finding in JUDGE.examine(call).findings]

    assert [f"{vendor}_token{kind}"] == found


@pytest.mark.parametrize("rule", SECRETS, ids=lambda rule: rule.id)
def test_what_the_pattern_finds_its_trigger_finds_too(rule: Rule):
    texts = [
        b"\x00\n".join(_texts(value) for value in example.call.values())
        for example in rule.examples
        if example.matches
    ]

    for text in texts:
        if Pattern(rule.pattern).occurs(text):
            assert Pattern(rule.trigger).occurs(text)


def _texts(value: object) -> bytes:
    if isinstance(value, dict):
        return b"\x00\n".join(f"{key}=".encode() + _texts(item) for key, item in value.items())
    if isinstance(value, list):
        return (b"" if isinstance(value[0], str) else b" ").join(map(_texts, value))
    return str(value).encode()


def test_a_secret_never_reaches_into_the_next_text():
    call = a_request(arguments={"password": "h4rd2Gue55", "note": "kept as it is"})

    masked = JUDGE.examine(call).without_secrets()

    assert masked.arguments["password"].startswith("[secret:password_field:10:")
    assert "kept as it is" == masked.arguments["note"]


def test_the_command_behind_a_private_key_stays_to_be_judged():
    key = "-----BEGIN PRIVATE " + "KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    call = a_request(arguments={"command": f"echo '{key}' > key.pem\nrm -rf /home/alice"})

    masked = JUDGE.examine(call).without_secrets()

    assert "MIIEvQIBADANBgkqhkiG9w0" not in masked.arguments["command"]
    assert masked.arguments["command"].endswith("' > key.pem\nrm -rf /home/alice")


WORDS = """
PRIVATE|KEY- ghp_ gho_ ghs_ github_pat_ glpat- AKIA ASIA sk-ant- sk-proj- xoxb- xoxp- AIzaSy npm_
pypi- sk_live_ hvs. dop_v1_ SG. postgres:// postgresql:// mysql:// mongodb:// mongodb+srv:// redis://
amqp:// PASSWORD password passwd Password SECRET secret _TOKEN= token api_key API_KEY apikey Bearer|
"""


def test_the_base64_of_telling_words_is_looked_for_at_every_alignment():
    rule = next(rule for rule in SECRETS if rule.id == "secrets_hidden.base64")
    trigger = Pattern(rule.trigger)

    for word in (one.replace("|", " ").encode() for one in WORDS.split()):
        for before in (b"", b"a", b"ab"):
            encoded = b64encode(before + word + b"xyz")
            start, end = (len(before) * 8 + 5) // 6, (len(before) + len(word)) * 8 // 6
            if end - start >= 5:  # shorter pieces stand in any picture
                assert trigger.occurs(encoded), (word, before)
