"""A draft of the policy: everything that is wrong in it is told at once, each with its line."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_draft import read_draft
from agentaudit_processor.policy_lines import lines_of
from agentaudit_processor.policy_values import PolicyError

JUDGE = Judge.load()
TEXT = """\
logging_level: loud
frameworks: [gdpr, xyz, abc]
rule_answers:
  destructive.delete_tree: never
exemptions:
  - id: a
    rule: pii.*
    owner: me
    expires: yesterday
  - id: a
    rule: "*"
    owner: x
    reason: y
    expires: 2027-01-01
    colour: red
  - text
approvals:
  wait_seconds: 99
  rules: ["[z-a]", pii.*, "[b-a]"]
retention:
  content_days: 500
  event_days: 30
  holds:
    - id: h
      owner: o
      reason: r
      query: "riks:high"
surprise: 1
packs:
  - |
    pack: acme
    version: 1
    rules:
      - id: acme.one
        title: x
      - id: acme.two
        colour: y
  - "pack: ACME"
"""
WRONG = {
    ("logging_level", 1),
    ("frameworks", 2),
    ("rule_answers.destructive.delete_tree", 4),
    ("exemptions[0].reason", 6),
    ("exemptions[0].expires", 9),
    ("exemptions[1].id", 10),
    ("exemptions[1].colour", 15),
    ("exemptions[2]", 16),
    ("approvals.wait_seconds", 18),
    ("approvals.rules[0]", 19),
    ("approvals.rules[2]", 19),
    ("retention.content_days", 21),
    ("retention.holds[0].query", 27),
    ("surprise", 28),
    ("packs[0]", 34),
    ("packs[0]", 36),
    ("packs[1]", 38),
}


def refused(document: object) -> PolicyError:
    with pytest.raises(PolicyError) as wrong:
        read_draft(document, JUDGE, Policy())
    return wrong.value


def test_everything_that_is_wrong_is_told_with_its_line() -> None:
    wrong = refused(yaml.safe_load(TEXT))

    told = zip(wrong.every, lines_of(TEXT, wrong.every), strict=True)
    assert WRONG == {(each.field, line) for each, line in told}
    assert wrong is wrong.every[0]
    assert ["xyz", "abc"] == [
        each.problem.split("'")[1] for each in wrong.every if each.field == "frameworks"
    ]


def test_a_draft_that_is_right_is_the_next_version_of_the_one_before() -> None:
    before = Policy(version=7, digest_key=b"k" * 32)

    policy = read_draft({"logging_level": "full"}, JUDGE, before)

    assert (7, b"k" * 32, "full") == (policy.version, policy.digest_key, policy.logging_level)


@pytest.mark.parametrize("document", ["text", ["a list"], 7, True])
def test_what_is_no_document_has_one_error_and_no_line(document: object) -> None:
    wrong = refused(document)

    assert (None,) == lines_of(yaml.safe_dump(document), wrong.every)


RIGHT: Final[dict[str, Any]] = {
    "logging_level": "full",
    "frameworks": ["gdpr"],
    "exemptions": [
        {"id": str(n), "rule": "*", "owner": "o", "reason": "r", "expires": "2027-01-01"}
        for n in range(3)
    ],
    "projects": [{"id": str(n), "folder": "/srv"} for n in range(2)],
    "approvals": {"rules": ["*"]},
    "capture": {"never_paths": ["*.env"]},
    "retention": {"holds": [{"id": "h", "owner": "o", "reason": "r"}]},
    "rule_answers": {"destructive.delete_tree": "block"},
}


def put(*way: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: Any) -> None:
        for step in way[:-1]:
            document = document[step]
        document[way[-1]] = value

    return change


MISTAKES: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    "logging_level": put("logging_level", value="loud"),
    "frameworks": put("frameworks", value=["xyz"]),
    "flags": put("flags", value=["no flag"]),
    "on_failure": put("on_failure", value=3),
    "redact_output": put("redact_output", value="maybe"),
    "exemptions[0].owner": put("exemptions", 0, "owner", value=""),
    "exemptions[0].tool": put("exemptions", 0, "tool", value=["Bash"]),
    "exemptions[1].expires": put("exemptions", 1, "expires", value="some day"),
    "exemptions[2].rule": put("exemptions", 2, "rule", value="no.such.rule"),
    "exemptions[2].command": put("exemptions", 2, "command", value="[z-a]"),
    "projects[0].folder": put("projects", 0, "folder", value=""),
    "projects[1].block_on": put("projects", 1, "block_on", value="huge"),
    "approvals.rules[0]": put("approvals", "rules", value=["[z-a]"]),
    "approvals.wait_seconds": put("approvals", "wait_seconds", value="long"),
    "capture.never_paths[0]": put("capture", "never_paths", value=[7]),
    "capture.user": put("capture", "user", value="none"),
    "retention.event_days": put("retention", "event_days", value=0),
    "retention.holds[0].query": put("retention", "holds", 0, "query", value="a:b"),
    "retention.holds[0].reason": put("retention", "holds", 0, "reason", value=None),
    "rule_answers.no.such": put("rule_answers", "no.such", value="block"),
    "tool_answers.Bash": put("tool_answers", value={"Bash": "off"}),
    "colour": put("colour", value="red"),
}


@settings(deadline=None, max_examples=60)
@given(st.sets(st.sampled_from(sorted(MISTAKES)), min_size=1))
def test_each_of_any_mistakes_is_told_and_nothing_else(mistakes: set[str]) -> None:
    document = deepcopy(RIGHT)
    for name in sorted(mistakes):
        MISTAKES[name](document)

    wrong = refused(document)

    assert mistakes == {each.field for each in wrong.every}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*RIGHT, "id", "rule", "x", "holds", "packs"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
@settings(deadline=None, max_examples=150)
def test_any_document_is_read_or_refused_with_reasons(document: Any) -> None:
    wrong: tuple[PolicyError, ...] = ()

    try:
        read_draft(document, JUDGE, Policy())
    except PolicyError as refusal:
        wrong = refusal.every

    assert len(wrong) == len({str(each) for each in wrong})
    assert len(wrong) == len(lines_of(yaml.safe_dump(document), wrong))
