"""The real Claude Code, told to silence what records it: each try is on the record."""

from typing import Any

import pytest

from tests.support.hook import eventually
from tests.support.journey import BYE, Journey, shell
from tests.support.model_server import uses

pytestmark = pytest.mark.claude
WATCH_S = 8
"""Claude Code waits until a changed file is still, before it tells of it."""
OWN_SESSION = "agentaudit-hook"


def _drift(journey: Journey) -> list[dict[str, Any]]:
    listed = journey.api("GET", "/v1/events", params={"session_id": OWN_SESSION})["events"]
    found = [journey.api("GET", f"/v1/events/{event['id']}") for event in listed]
    return [event for event in found if "HookDrift" in str(event)]


def test_an_agent_that_takes_the_hooks_out_is_found_out_three_times(journey: Journey) -> None:
    silence = "sed -i 's/agentaudit-hook pre/true/' .claude/settings.json"

    journey.run(uses(shell(silence)), uses(shell(f"sleep {WATCH_S}")), BYE)
    call = next(iter(journey.calls_by_id().values()))

    assert "critical" == call["risk_level"], "the call itself is a finding"
    changes = [event for event in journey.events() if event["action"] == "config_change"]
    assert changes, "Claude Code's ConfigChange is recorded"
    assert eventually(lambda: _drift(journey)), "the drift is a fact of its own"
    (drift,) = _drift(journey)
    assert "the entry of PreToolUse is gone" in str(drift)
