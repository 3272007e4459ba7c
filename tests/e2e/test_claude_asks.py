"""The real Claude Code at a terminal, where the policy has a person asked: yes, and no."""

import json
from typing import Any

import pytest

from tests.e2e.test_claude_policy import PARANOID
from tests.support.hook import eventually
from tests.support.journey import BYE, FIRST, Journey, shell
from tests.support.model_server import uses

pytestmark = pytest.mark.claude

QUESTION = "Do you want to proceed?"
LEAVE = "/exit\r"
SAID_NO = "Interrupted"


@pytest.fixture
def asking(journey: Journey) -> Journey:
    """A policy that has a person asked about every command."""
    version = journey.set_policy(**PARANOID | {"tool_answers": {"Bash": "ask"}})
    journey.flush()  # starts the relay, which fetches the policy
    assert eventually(lambda: version == _known_version(journey))
    return journey


def _known_version(journey: Journey) -> int | None:
    """The version that the machine judges by."""
    policy = json.loads(journey.hook("status", "--json"))["policy"]
    return policy["version"] if policy else None


def _call(journey: Journey) -> dict[str, Any]:
    return journey.calls_by_id()[FIRST]


def _actions(journey: Journey) -> set[str]:
    return {event["action"] for event in journey.events()}


@pytest.mark.parametrize("mode", ["default", "auto"])
def test_a_call_that_a_person_agrees_to_runs_and_is_approved(asking: Journey, mode: str) -> None:
    steps = [(QUESTION, "1"), ("Bye.", LEAVE)]

    told = asking.talk(uses(shell("touch made")), BYE, steps=steps, mode=mode)

    call = _call(asking)
    assert (asking.claude.project / "made").exists()
    assert not told[FIRST][0]
    assert ("approved", "success") == (call["verdict"]["decision"], call["context"]["outcome"])
    assert "permission" in _actions(asking), "that it was asked is a fact of its own"


def test_a_call_that_a_person_refuses_does_not_run_and_is_no_approval(asking: Journey) -> None:
    steps = [(QUESTION, "2"), (SAID_NO, LEAVE)]

    asking.talk(uses(shell("touch made")), BYE, steps=steps, mode="default")

    call = _call(asking)
    assert not (asking.claude.project / "made").exists()
    assert ("ask", "block") == (call["verdict"]["decision"], call["decision"])
    assert "abandoned" == call["context"]["error_type"], "Claude Code tells no hook of a no"
    assert "permission" in _actions(asking)
