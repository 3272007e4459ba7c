"""The real Claude Code and a person who answers: while it waits, and after it was stopped."""

import uuid
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from tests.e2e.test_claude_policy import PARANOID
from tests.support.hook import eventually
from tests.support.journey import BYE, FIRST, Journey, shell
from tests.support.model_server import uses

pytestmark = pytest.mark.claude

STOPPED = PARANOID | {"rule_answers": {"destructive.delete_tree": "block"}}
APPROVALS: dict[str, Any] = {"up_to": "critical", "self_approval": True}  # one key for all here


def pending(journey: Journey) -> list[Any]:
    found: list[Any] = journey.api("GET", "/v1/approvals")["approvals"]
    return found


def answer(journey: Journey, **told: str) -> None:
    (question,) = pending(journey)
    journey.api("POST", f"/v1/approvals/{question['id']}", json=told)


def test_a_stopped_call_runs_when_it_is_tried_again_after_approval(journey: Journey) -> None:
    journey.set_policy(**STOPPED, approvals=APPROVALS | {"wait_seconds": 0})
    victim = journey.claude.project / "victim"
    victim.mkdir()
    call = uses(shell(f"rm -rf {victim}"))

    stopped = journey.run(call, BYE)
    still_there = victim.exists()
    answer(journey, decision="approve", note="agreed")
    later = replace(journey, session_id=str(uuid.uuid4()))
    later.run(call, BYE)

    assert "/dashboard/approvals/" in stopped[FIRST][1]
    assert still_there
    assert not victim.exists()
    assert "approved" == later.calls_by_id()[FIRST]["verdict"]["decision"]


def test_a_call_that_waits_runs_at_once_when_it_is_approved(journey: Journey) -> None:
    journey.set_policy(**STOPPED, approvals=APPROVALS | {"wait_seconds": 8})
    victim = journey.claude.project / "victim"
    victim.mkdir()

    def approve() -> None:
        assert eventually(lambda: pending(journey), 60)
        answer(journey, decision="approve")

    env = {**journey.claude.env, "AGENTAUDIT_DEADLINE_MS": "9000"}
    patient = replace(journey, claude=replace(journey.claude, env=env))
    person = Thread(target=approve)
    person.start()
    patient.run(uses(shell(f"rm -rf {victim}")), BYE)
    person.join()

    assert not victim.exists()


def test_a_denial_reaches_the_model_with_its_reason(journey: Journey) -> None:
    journey.set_policy(**STOPPED, approvals=APPROVALS | {"wait_seconds": 0})
    victim = journey.claude.project / "victim"
    victim.mkdir()
    call = uses(shell(f"rm -rf {victim}"))

    journey.run(call, BYE)
    answer(journey, decision="deny", note="that is the demo data")
    told = replace(journey, session_id=str(uuid.uuid4())).run(call, BYE)

    assert victim.exists()
    assert "that is the demo data" in told[FIRST][1]
