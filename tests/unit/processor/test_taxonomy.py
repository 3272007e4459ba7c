"""Every type of personal data that controls build on is found, masked and explained."""

import json
from dataclasses import asdict
from functools import cache

import pytest

from agentaudit_processor.classify.rules import Example, Rule, load_packs
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import AuditEvent, Finding
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.redact import DOT
from agentaudit_processor.rule_examples import call_of

JUDGE = Judge.load()
TYPES = [one["id"] for one in load_frameworks()["pii_taxonomy"]["types"]]


@cache
def matching_examples(pii: str) -> list[tuple[Rule, Example]]:
    """The examples that rules for the type `pii` must match."""
    rules = [rule for rule in load_packs().rules if rule.pii == pii]
    return [(rule, example) for rule in rules for example in rule.examples if example.matches]


def judged(pii: str) -> list[tuple[Example, AuditEvent, Finding | None]]:
    """The events of the examples, with what was found of the type in each."""
    events = [
        (example, JUDGE.examine(call_of(example)).event(Policy()))
        for _, example in matching_examples(pii)
    ]
    return [
        (example, event, next((f for f in event.findings if f.pii == pii), None))
        for example, event in events
    ]


@pytest.mark.parametrize("pii", TYPES)
def test_each_type_is_found(pii: str):
    found = [finding for _, _, finding in judged(pii) if finding is not None]

    assert [] != found


@pytest.mark.parametrize("pii", TYPES)
def test_what_is_found_of_a_type_is_masked_in_the_event(pii: str):
    for example, event, finding in judged(pii):
        if finding is None:
            continue
        told = json.dumps([event.activity.arguments, event.activity.result], ensure_ascii=False)
        asked = json.dumps(
            [call_of(example).arguments, call_of(example).result], ensure_ascii=False
        )

        assert DOT in (finding.sample or "")
        assert told != asked
        assert DOT in told
        assert finding.explanation
        assert finding.advice


@pytest.mark.parametrize("pii", TYPES)
def test_an_event_names_the_type_for_controls(pii: str):
    events = [event for _, event, finding in judged(pii) if finding is not None]

    assert all(pii in event.pii_types for event in events)


def test_no_stored_event_keeps_a_card_number():
    for example, event, _ in judged("payment_card"):
        told = json.dumps(asdict(event), default=str)
        digits = "".join(sign for sign in json.dumps(call_of(example).arguments) if sign.isdigit())

        assert digits[-16:] not in "".join(sign for sign in told if sign.isdigit())
