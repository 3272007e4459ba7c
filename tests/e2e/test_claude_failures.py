"""What breaks around a real Claude Code: hook, relay, server, tool. What then reaches the database.

Without a fail-closed policy every call runs; with one, none runs that our hook did not judge.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from agentaudit_hook.places import find_place
from tests.support.claude_code import Finished
from tests.support.journey import BYE, FIRST, Journey, shell
from tests.support.model_server import ModelServer, ToolResults, Turn, uses
from tests.support.relays import no_relay_can_start
from tests.support.server import RunningServer

pytestmark = pytest.mark.claude

ENDED_WELL = ("ended", "success", None)


def session(journey: Journey, *turns: Turn) -> tuple[Finished, ToolResults]:
    """A session of which not everything may arrive: nothing is flushed."""
    with ModelServer(turns) as model:
        done = journey.claude.run(model, "Go", session_id=journey.session_id)
    return done, model.tool_results()


def ended(journey: Journey) -> tuple[str, str, str | None]:
    context = journey.calls_by_id()[FIRST]["context"]
    return context["phase"], context["outcome"], context.get("error_type")


def edit_hooks(
    journey: Journey, edit: Callable[[dict[str, Any]], None], *, events: tuple[str, ...] = ()
) -> None:
    """Change the hook entries that `install` wrote, of some events or of all."""
    path = journey.claude.project / ".claude" / "settings.json"
    settings = json.loads(path.read_text())
    for event, groups in settings["hooks"].items():
        for group in groups:
            for entry in group["hooks"]:
                if not events or event in events:
                    edit(entry)
    path.write_text(json.dumps(settings))


def remove_program(entry: dict[str, Any]) -> None:
    _, _, rest = entry["command"].partition(" ")
    entry["command"] = f"/nonexistent/agentaudit-hook {rest}"


# --- the tool -----------------------------------------------------------------------------------


def test_a_tool_that_takes_too_long_is_a_timeout(journey: Journey) -> None:
    journey.run(uses(shell("sleep 20", timeout=1000)), BYE)

    assert ("ended", "failure", "timeout") == ended(journey)


def test_a_command_in_the_background_is_one_event_when_it_is_started(journey: Journey) -> None:
    journey.run(uses(shell("sleep 1; echo late", run_in_background=True)), BYE)

    event = journey.calls_by_id()[FIRST]
    assert ENDED_WELL == ended(journey)
    assert event["data"]["result"]["backgroundTaskId"]


# --- the server ---------------------------------------------------------------------------------


def test_without_a_server_everything_waits_and_arrives_later(
    server: RunningServer, journey: Journey
) -> None:
    server.kill()
    try:
        done, told = session(journey, uses(shell("echo without-a-server")), BYE)
    finally:
        server.start()
    journey.flush()

    assert (0, (False, "without-a-server")) == (done.exit_code, told[FIRST])
    assert ENDED_WELL == ended(journey)
    assert ["session_start", "user_prompt", "shell_command"] == [
        event["action"] for event in journey.events()
    ][:3]


# --- the relay ----------------------------------------------------------------------------------


def test_without_a_relay_the_call_runs_and_is_recorded_from_the_inbox(journey: Journey) -> None:
    with no_relay_can_start(find_place(journey.claude.environment()), journey.claude.home):
        done, told = session(journey, uses(shell("echo on-my-own")), BYE)
    journey.flush()

    assert (0, (False, "on-my-own")) == (done.exit_code, told[FIRST])
    assert ENDED_WELL == ended(journey)


# --- the hook -----------------------------------------------------------------------------------


def test_a_hook_that_hangs_lets_the_call_run_and_its_end_is_recorded(journey: Journey) -> None:
    def hang(entry: dict[str, Any]) -> None:
        entry |= {"command": f"sleep 30; {entry['command']}", "timeout": 1}

    edit_hooks(journey, hang, events=("PreToolUse",))

    told = journey.run(uses(shell("echo not-waited-for")), BYE)

    assert (False, "not-waited-for") == told[FIRST]
    assert ENDED_WELL == ended(journey)


def test_without_the_program_the_call_runs_and_leaves_no_event(journey: Journey) -> None:
    edit_hooks(journey, remove_program)

    told = journey.run(uses(shell("echo nobody-looked")), BYE)

    assert (False, "nobody-looked") == told[FIRST]
    assert [] == journey.events()


def test_without_the_program_a_fail_closed_policy_lets_nothing_run(journey: Journey) -> None:
    journey.hook("install", "--scope", "project", "--fail-closed", "--yes")
    edit_hooks(journey, remove_program, events=("PreToolUse",))
    witness = journey.claude.project / "witness"

    told = journey.run(uses(shell(f"touch {witness}")), BYE)

    assert told[FIRST][0]
    assert not witness.exists()
    assert ("ended", "failure", "permission_denied") == ended(journey)


def test_a_hook_that_hangs_lets_nothing_run_under_a_fail_closed_policy(journey: Journey) -> None:
    journey.hook("install", "--scope", "project", "--fail-closed", "--yes")

    def hang(entry: dict[str, Any]) -> None:
        entry |= {"command": f"sleep 30; {entry['command']}", "timeout": 1}

    edit_hooks(journey, hang, events=("PreToolUse",))
    witness = journey.claude.project / "witness"
    began = time.monotonic()

    told = journey.run(uses(shell(f"touch {witness}")), BYE)

    assert told[FIRST][0]
    assert not witness.exists()
    assert time.monotonic() - began < 30
    assert ("ended", "failure", "permission_denied") == ended(journey)


# --- a policy that fails closed -------------------------------------------------------------------


@pytest.fixture
def closed(server: RunningServer, journey: Journey) -> Iterator[Journey]:
    """A machine that knows of a policy by which nothing may run unrecorded."""
    journey.set_policy(on_failure="closed", require_remote_record=True)
    journey.hook("install", "--scope", "project", "--fail-closed", "--yes")
    journey.run(uses(shell("echo known")), BYE)
    assert "allow" == journey.calls_by_id()[FIRST]["decision"]
    yield replace(journey, session_id=str(uuid.uuid4()))
    journey.set_policy(on_failure="open", require_remote_record=False)


def test_when_no_relay_answers_a_fail_closed_policy_lets_nothing_run(closed: Journey) -> None:
    witness = closed.claude.project / "witness"

    with no_relay_can_start(find_place(closed.claude.environment()), closed.claude.home):
        _, told = session(closed, uses(shell(f"touch {witness}")), BYE)
    closed.flush()

    assert told[FIRST][0]
    assert "AgenticAudit" in told[FIRST][1]
    assert not witness.exists()
    assert ("ended", "failure", "policy_block") == ended(closed)
    assert "block" == closed.calls_by_id()[FIRST]["decision"]


def test_without_a_server_nothing_runs_that_has_to_be_recorded_there(
    server: RunningServer, closed: Journey
) -> None:
    witness = closed.claude.project / "witness"

    server.kill()
    try:
        _, told = session(closed, uses(shell(f"touch {witness}")), BYE)
    finally:
        server.start()
    closed.flush()

    assert told[FIRST][0]
    assert "has not acknowledged" in told[FIRST][1]
    assert not witness.exists()
    assert ("ended", "failure", "policy_block") == ended(closed)
