"""The loader takes what is right and names file and line of what is not."""

import pytest

from agentaudit_processor.classify.packs import load_packs, version_of
from agentaudit_processor.classify.patterns import Pattern, RuleError
from agentaudit_processor.classify.rules import parse_pack

RULE = """\
pack: demo
version: 3
rules:
  - id: demo.one
    title: One
    why: Because.
    advice: Do not.
    severity: high
    pattern: 'one'
    yields: {pii: email}
    examples:
      match: [{name: it, command: one}]
      no_match: [{name: another, command: two}]
"""


def test_a_right_pack_is_loaded():
    (rule,) = parse_pack("demo.yaml", RULE)

    assert (rule.id, rule.pack, rule.pii, rule.matcher) == (
        "demo.one",
        "demo@3",
        "email",
        "pattern",
    )


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        ("id: demo.one", "id: other.one", "demo.yaml:4: other.one: the id is outside its pack"),
        ("    match: [{name: it, command: one}]\n", "", "examples: `match` is missing"),
        (
            "      no_match: [{name: another, command: two}]\n",
            "",
            "examples: `no_match` is missing",
        ),
        ("pii: email", "pii: shoe_size", "unknown personal data type 'shoe_size'"),
        ("pii: email", "signal: odd", "unknown signal 'odd'"),
        ("pii: email", "action: dance", "unknown action class 'dance'"),
        ("pii: email", "colour: red", "yields: unknown ['colour']"),
        ("severity: high", "severity: huge", "risk level 'huge'"),
        ("pattern: 'one'", "pattern: 'one'\n    detector: nose", "unknown detector 'nose'"),
        ("pattern: 'one'", "pattern: 'one'\n    command: x", "expected one of"),
        ("pattern: 'one'", "sql: [dance]", "unknown SQL verb 'dance'"),
        ("pattern: 'one'", "touch: {access: [lick]}", "'lick' is not a valid Access"),
        ("pattern: 'one'", "pattern: 'one'\n    colour: red", "unknown keys ['colour']"),
        ("    why: Because.\n", "", "`why` is missing"),
        ("pattern: 'one'", "pattern: 'one'\n    tags: [odd]", "tag 'odd': expected such as"),
        ("rules:\n", "defaults: {tags: [odd]}\nrules:\n", "tag 'odd': expected such as"),
        ("pattern: 'one'", "pattern: 'é'", "patterns are ASCII"),
        ("pack: demo", "pack: other", "demo.yaml:1: expected `pack: demo`"),
        ("pack: demo", "pack: [", "demo.yaml: "),
    ],
)
def test_what_is_not_right_is_refused(find: str, put: str, message: str):
    assert find in RULE

    with pytest.raises(RuleError) as refused:
        parse_pack("demo.yaml", RULE.replace(find, put))

    assert message in str(refused.value)


def test_the_same_id_twice_is_refused():
    twice = RULE + RULE.split("rules:\n")[1]

    with pytest.raises(RuleError, match="this id occurs twice"):
        parse_pack("demo.yaml", twice)


def test_tags_of_a_rule_add_to_those_of_its_pack():
    defaults = "defaults: {tags: [owasp.asi05:2026]}\nrules:\n"
    text = RULE.replace("rules:\n", defaults).replace(
        "    why:", "    tags: [attack.t1485]\n    why:"
    )

    (rule,) = parse_pack("demo.yaml", text)

    assert ("attack.t1485", "owasp.asi05:2026") == rule.tags


def test_an_empty_list_of_tags_leaves_out_those_of_the_pack():
    defaults = "defaults: {tags: [owasp.asi05:2026]}\nrules:\n"
    text = RULE.replace("rules:\n", defaults).replace("    why:", "    tags: []\n    why:")

    (rule,) = parse_pack("demo.yaml", text)

    assert () == rule.tags


def test_every_pattern_that_ships_is_one_for_re2():
    patterns = [p for rule in load_packs().rules for p in (rule.pattern, rule.trigger, rule.unless)]

    for pattern in filter(None, patterns):
        Pattern(pattern)


def test_the_version_of_the_packs_is_stable():
    assert load_packs().version == load_packs.__wrapped__().version


def test_the_version_tells_any_change_of_a_pack_or_a_check_and_nothing_else():
    texts = {"a.yaml": b"pack: a", "luhn.py": b"def is_luhn"}

    assert version_of(texts) == version_of(dict(reversed(texts.items())))
    assert version_of(texts) != version_of(texts | {"a.yaml": b"pack: a "})
    assert version_of(texts) != version_of(texts | {"luhn.py": b"def is_luhn2"})
    assert version_of(texts) != version_of({"b.yaml": b"pack: a", "luhn.py": b"def is_luhn"})
