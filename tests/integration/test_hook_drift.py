"""Drift reaches the server: who silences hooks on a laptop is seen where he cannot reach."""

import json

from agentaudit_processor.model import Action, AuditEvent, EventKind, Fact
from tests.support.hook import (
    HookHome,
    HookServer,
    eventually,
    payload,
)


def _drifts(server: HookServer) -> list[AuditEvent]:
    facts = [event for event in server.events() if isinstance(event.activity, Fact)]
    return [event for event in facts if "HookDrift" == event.activity.name]  # type: ignore[union-attr]


def _take_out(hook: HookHome, event: str) -> None:
    path = hook.home / ".claude" / "settings.json"
    told = json.loads(path.read_text())
    del told["hooks"][event]
    path.write_text(json.dumps(told))


def test_hooks_that_somebody_took_out_are_told_with_the_next_session_and_once(
    server: HookServer, hook: HookHome
) -> None:
    hook.run("install", "--yes")
    hook.tell("session-start", payload("SessionStart-startup"))
    _take_out(hook, "PreToolUse")

    hook.tell("session-start", payload("SessionStart-startup", session_id="second"))
    assert eventually(lambda: _drifts(server))
    hook.tell("session-start", payload("SessionStart-startup", session_id="third"))
    hook.kill_relays()
    hook.tell("session-start", payload("SessionStart-startup", session_id="fourth"))
    _take_out(hook, "Stop")
    hook.tell("session-start", payload("SessionStart-startup", session_id="fifth"))
    assert eventually(lambda: 2 == len({event.event_id for event in _drifts(server)}))

    first, second = (e.activity for e in {e.event_id: e for e in _drifts(server)}.values())
    assert isinstance(first, Fact)
    assert isinstance(second, Fact)
    assert (EventKind.LOGGING_STATE, Action.CONFIG_CHANGE) == (first.kind, first.action)
    assert str(hook.home / ".claude" / "settings.json") == first.data["file"]
    assert ["the entry of PreToolUse is gone"] == first.data["changes"]
    assert "the entry of Stop is gone" in second.data["changes"]  # type: ignore[operator]


def test_hooks_taken_out_in_mid_session_are_told_as_soon_as_the_agent_tells_of_changed_settings(
    server: HookServer, hook: HookHome
) -> None:
    hook.run("install", "--yes")
    hook.tell("session-start", payload("SessionStart-startup"))
    hook.flush()
    _take_out(hook, "PreToolUse")

    hook.tell("event", payload("ConfigChange"))

    assert eventually(lambda: _drifts(server))
    assert "the entry of PreToolUse is gone" in str(_drifts(server)[0].activity)


def test_hooks_that_stand_as_they_were_written_are_not_told(
    server: HookServer, hook: HookHome
) -> None:
    hook.run("install", "--yes")

    hook.tell("session-start", payload("SessionStart-startup"))
    hook.run("doctor")
    hook.flush()

    assert [] == _drifts(server)
