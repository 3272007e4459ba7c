"""Whatever an agent writes, a verdict comes, and the same one for what was masked of it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from agentaudit_processor.model import Action, Activity
from agentaudit_processor.pipeline import Judge
from tests.support.activities import activities
from tests.support.builders import a_request, a_tool_call
from tests.support.hostile import examples_repeated, texts
from tests.support.judged import check
from tests.support.once_broke import activity_of

JUDGE = Judge.load()
ONCE_BROKE = sorted((Path(__file__).parents[2] / "data/once_broke").glob("*.json"))
TEXTS = texts()
LEFT_OUT: Mapping[str, str] = {
    "tokens, all different": "too many look-alikes to check",
    "e-mail addresses": "too many look-alikes to check",
    "cards, most of them wrong": "too many look-alikes to check each",
    "JSON of 2,000 numbers": "too much that looks like it",
    "placeholders": "too many look-alikes to check",
}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(activity=activities)
def test_any_activity_gets_a_verdict_and_the_same_once_it_is_masked(activity: Activity):
    check(JUDGE, activity)


@pytest.mark.parametrize("path", ONCE_BROKE, ids=lambda path: path.stem)
def test_what_once_broke_the_judge_is_judged(path: Path):
    check(JUDGE, activity_of(json.loads(path.read_text("utf-8"))))


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_gets_a_verdict_as_a_command_and_as_a_file(name: str):
    read = a_tool_call(
        "Read",
        action=Action.FILE_READ,
        arguments={"file_path": "a.txt"},
        result={"file": {"content": TEXTS[name]}},
    )

    check(JUDGE, a_request(arguments={"command": TEXTS[name]}))
    check(JUDGE, read)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_was_not_looked_at_in_a_hostile_text_is_said(name: str):
    call = a_tool_call(result={"file": {"content": TEXTS[name]}})

    exam = JUDGE.examine(call)

    assert [note for note in exam.not_covered if LEFT_OUT[name] in note]


@pytest.mark.parametrize("name", ["pipes", "open $(", "closed $(", "heredocs", "single quotes"])
def test_a_command_that_is_too_tangled_is_called_unread(name: str):
    exam = JUDGE.examine(a_request(arguments={"command": TEXTS[name]}))

    assert "unread.command" in {finding.rule_id for finding in exam.findings}


def test_examples_of_every_rule_are_among_the_hostile_texts():
    repeated = dict(examples_repeated(JUDGE.packs.rules))

    assert {rule.id for rule in JUDGE.packs.rules} == repeated.keys()
    assert all(len(text) >= 20_000 for call in repeated.values() for text in call.values())
