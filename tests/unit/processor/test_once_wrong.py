"""Verdicts that were once wrong stay right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentaudit_processor.classify.rules import Example
from agentaudit_processor.examination import Examination
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.rule_examples import call_of

JUDGE = Judge.load()
PATH = Path(__file__).parents[2] / "data" / "once_wrong.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(PATH.read_text("utf-8"))


def examined(told: str | Mapping[str, Any]) -> Examination:
    call = {"command": told} if isinstance(told, str) else told
    return JUDGE.examine(call_of(Example(name="once wrong", matches=True, call=call)))


def calls_of(key: str) -> list[tuple[str, str | Mapping[str, Any]]]:
    """What groups with this key expect, and of which call."""
    return [(group[key], call) for group in GROUPS if key in group for call in group["calls"]]


@pytest.mark.parametrize(("level", "call"), calls_of("at_least"))
def test_what_was_judged_too_low_is_not_again(level: str, call: str | Mapping[str, Any]):
    assert examined(call).risk_level >= RiskLevel.parse(level)


@pytest.mark.parametrize(("level", "call"), calls_of("at_most"))
def test_what_was_judged_too_high_is_not_again(level: str, call: str | Mapping[str, Any]):
    assert examined(call).risk_level <= RiskLevel.parse(level)


@pytest.mark.parametrize(("kind", "call"), calls_of("finds"))
def test_what_was_not_found_is_found(kind: str, call: str | Mapping[str, Any]):
    kinds = {one for finding in examined(call).findings for one in (finding.pii, finding.secret)}

    assert kind in kinds


@pytest.mark.parametrize(("kind", "call"), calls_of("finds_no"))
def test_what_was_found_and_is_none_is_not_found(kind: str, call: str | Mapping[str, Any]):
    kinds = {one for finding in examined(call).findings for one in (finding.pii, finding.secret)}

    assert kind not in kinds


def test_every_group_says_why_and_what_is_right():
    said = [
        len(group.keys() & {"at_least", "at_most", "finds", "finds_no"}) == 1 and bool(group["why"])
        for group in GROUPS
    ]

    assert all(said)
