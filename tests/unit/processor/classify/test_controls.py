"""Which controls an Event touches."""

from dataclasses import replace

import pytest

from agentaudit_processor.classify.controls import Controls
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import Action, ControlHit, EventKind, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import LoggingLevel, Policy
from agentaudit_processor.rule_examples import call_of
from tests.support.builders import a_fact, a_request, a_tool_call, an_actor

JUDGE = Judge.load()
EVERY = tuple(framework["id"] for framework in load_frameworks()["frameworks"])


def hits(call: ToolCall, **policy: object) -> dict[str, ControlHit]:
    """The hits of a call, by key."""
    event = JUDGE.examine(call).event(Policy(**policy))  # type: ignore[arg-type]
    return {hit.key: hit for hit in event.controls}


def test_personal_data_touches_the_register_and_no_more():
    found = hits(a_tool_call(result="Bob <bob@company.org>"), frameworks=("gdpr",))

    assert set(found) == {"gdpr.art30.evidence"}


def test_a_blocked_credential_is_evidence_of_a_control():
    call = a_request(arguments={"command": "cat .env"})

    found = hits(call, logging_level=LoggingLevel.PARANOID, blocking_enabled=True)

    assert "soc2.cc6_1.evidence" in found
    assert "soc2.cc6_1.attention" not in found


def test_an_article_that_waits_for_a_registration_says_so():
    hit = hits(a_request())["ai_act.art12.evidence"]

    assert hit.readiness is True
    assert hit.rationale.endswith(
        "Applies only once the AI system is registered as high-risk; "
        "in force from 2 December 2027 (Annex III) or 2 August 2028 (Annex I)."
    )


def test_a_framework_that_asks_for_a_scope_of_the_organisation_stays_off():
    call = a_tool_call(result="card 4111 1111 1111 1111")

    assert not [key for key in hits(call, frameworks=EVERY) if key.startswith(("pci", "hipaa"))]


def test_it_is_asked_once_the_organisation_says_that_it_applies():
    call = a_tool_call(result="card 4111 1111 1111 1111")

    found = hits(call, frameworks=EVERY, flags=("pci_scope",))

    assert [key for key in found if key.startswith("pci")]
    assert not [key for key in found if key.startswith("hipaa")]


def test_a_framework_that_is_not_enabled_is_not_asked():
    assert {hit.framework for hit in hits(a_request(), frameworks=("soc2",)).values()} == {"soc2"}


def test_a_session_touches_no_control_on_tool_calls():
    fact = a_fact(kind=EventKind.SESSION, action=Action.SESSION_START)

    assert JUDGE.examine(fact).event(Policy()).controls == ()


@pytest.mark.parametrize("framework", EVERY)
def test_every_condition_can_be_asked(framework: str):
    event = JUDGE.examine(a_tool_call(result="Bob <bob@company.org>")).event(
        Policy(frameworks=(framework,))
    )

    assert all(hit.framework == framework for hit in event.controls)


def test_hits_that_were_remembered_equal_fresh_ones():
    event = JUDGE.examine(a_tool_call()).event(Policy())

    fresh = Controls().hits(
        event.activity, event.findings, event.effects, event.verdict, Policy().frameworks
    )

    assert fresh == event.controls


def answer_of(name: str, decision: str) -> dict[str, ControlHit]:
    """The hits of an answer to a stopped call, as the server records it."""
    fact = a_fact(
        kind=EventKind.APPROVAL,
        actor=an_actor(agent_name="agentaudit", user_id=name, user_email=None, user_name=None),
        data={"decision": decision, "tool": "Bash"},
    )
    return hits(fact, frameworks=EVERY)  # type: ignore[arg-type]


@pytest.mark.parametrize("decision", ["approved", "denied"])
def test_a_named_persons_answer_is_evidence_of_oversight(decision: str):
    found = answer_of("aa_live_abc…", decision)

    assert {"iso42001.a_3_2.evidence", "ai_act.art14.evidence"} <= found.keys()
    assert found["ai_act.art14.evidence"].readiness


def test_an_answer_that_nobody_gave_is_none():
    expired, unnamed = answer_of("aa_live_abc…", "expired"), answer_of("", "approved")

    assert "iso42001.a_3_2.evidence" not in expired.keys() | unnamed.keys()


def test_recorded_reasoning_speaks_to_the_right_to_an_explanation():
    with_signal = [
        example
        for rule in JUDGE.packs.rules
        if rule.signal == "decision_about_person"
        for example in rule.examples
        if example.matches
    ]
    call = call_of(with_signal[0])

    silent = hits(call, frameworks=EVERY)
    spoken = hits(replace(call, extra={"reasoning": "score below 400"}), frameworks=EVERY)

    assert "ai_act.art86.evidence" not in silent
    assert "ai_act.art86.evidence" in spoken
