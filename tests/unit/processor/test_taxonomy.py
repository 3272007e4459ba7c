"""Every type of personal data that controls build on is found, masked and explained."""

import json
from dataclasses import asdict
from functools import cache

import pytest

from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.rules import Example, Rule
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import NAMES_NOBODY, AuditEvent, Finding
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.redact import DOT
from agentaudit_processor.rule_examples import call_of

JUDGE = Judge.load()
TAXONOMY = load_frameworks()["pii_taxonomy"]["types"]
TYPES = [one["id"] for one in TAXONOMY]
PERSONAL = [one for one in TYPES if one not in NAMES_NOBODY]


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


@pytest.mark.parametrize("pii", PERSONAL)
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


@pytest.mark.parametrize("pii", PERSONAL)
def test_an_event_names_the_type_for_controls(pii: str):
    events = [event for _, event, finding in judged(pii) if finding is not None]

    assert all(pii in event.pii_types for event in events)


@pytest.mark.parametrize("pii", sorted(NAMES_NOBODY))
def test_what_names_nobody_is_told_in_clear_and_counts_for_nothing(pii: str):
    for example, event, finding in judged(pii):
        assert finding is not None
        assert pii not in event.pii_types
        assert (finding.sample or "?") in finding.excerpt
        assert event.activity.arguments == call_of(example).arguments
        assert finding.title not in " ".join(event.verdict.reasons)


def test_what_names_nobody_has_rank_zero():
    assert set(NAMES_NOBODY) == {one["id"] for one in TAXONOMY if one["rank"] == 0}


def test_no_stored_event_keeps_a_card_number():
    for example, event, _ in judged("payment_card"):
        told = json.dumps(asdict(event), default=str)
        digits = "".join(sign for sign in json.dumps(call_of(example).arguments) if sign.isdigit())

        assert digits[-16:] not in "".join(sign for sign in told if sign.isdigit())
