"""Every way a tool call can end, in a real session with the recommended hooks: one Event each."""

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.journey import BYE, FIRST, Journey, a_journey, shell
from tests.support.model_server import ModelServer, says, uses
from tests.support.server import RunningServer

pytestmark = pytest.mark.claude


def test_a_call_that_succeeds_is_one_event_with_its_output(journey: Journey) -> None:
    journey.run(uses(shell("echo from-the-tool")), BYE)

    event = journey.calls_by_id()[FIRST]
    assert ("shell_command", "allow") == (event["action"], event["decision"])
    assert ("ended", "success") == (event["context"]["phase"], event["context"]["outcome"])
    assert "from-the-tool" == event["data"]["result"]["stdout"]


def test_a_failing_command_is_one_event_with_its_exit_status(journey: Journey) -> None:
    journey.run(uses(shell("echo before; exit 3")), BYE)

    event = journey.calls_by_id()[FIRST]
    assert ("ended", "failure") == (event["context"]["phase"], event["context"]["outcome"])
    assert 3 == event["context"]["exit_code"]
    assert "before" in event["data"]["error"]


def test_a_call_without_permission_is_one_event_that_says_denied(journey: Journey) -> None:
    needs_asking = shell("touch made; curl -s http://127.0.0.1:9/")

    told = journey.run(uses(needs_asking), BYE, args=())

    event = journey.calls_by_id()[FIRST]
    is_error, _ = told[FIRST]
    assert is_error
    assert not (journey.claude.project / "made").exists()
    assert ("failure", "permission_denied") == (
        event["context"]["outcome"],
        event["context"]["error_type"],
    )


def test_a_tool_that_does_not_exist_is_one_event(journey: Journey) -> None:
    journey.run(uses(("Teleport", {"where": "Mars"})), BYE)

    event = journey.calls_by_id()[FIRST]
    assert ("other", "Teleport") == (event["action"], event["context"]["tool"])
    assert "failure" == event["context"]["outcome"]


def test_parallel_calls_are_one_event_each(journey: Journey) -> None:
    calls = [shell(f"echo number-{number}") for number in range(6)]

    journey.run(uses(*calls), BYE)

    events = journey.calls_by_id()
    assert {f"toolu_main_00_{n:02d}": f"number-{n}" for n in range(6)} == {
        call_id: event["data"]["result"]["stdout"] for call_id, event in events.items()
    }


def test_a_sub_agents_calls_are_events_of_the_same_session(journey: Journey) -> None:
    agent = {"description": "Count", "prompt": "COUNT-FILES", "subagent_type": "general-purpose"}
    counting = (uses(shell("ls | wc -l")), says("None."))

    journey.run(
        uses(("Agent", agent | {"run_in_background": False})),
        BYE,
        sub_agents={"COUNT-FILES": counting},
    )

    events = journey.calls_by_id()
    assert {FIRST, "toolu_sub0_00_00"} == set(events)
    assert "sub_agent_spawn" == events[FIRST]["action"]
    assert "general-purpose" == events["toolu_sub0_00_00"]["context"]["subagent_type"]


def test_a_call_whose_agent_was_killed_is_on_record_all_the_same(journey: Journey) -> None:
    started = journey.claude.project / "started"
    with ModelServer((uses(shell(f"touch {started}; sleep 8")),)) as model:
        process = journey.claude.start(model, "Go", session_id=journey.session_id)
        try:
            deadline = time.monotonic() + 30
            while not started.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    journey.flush()

    context = journey.calls_by_id()[FIRST]["context"]
    assert started.exists()
    assert ("requested", "unknown") == (context["phase"], context["outcome"])


def test_a_session_ended_in_mid_call_leaves_an_abandoned_call(journey: Journey) -> None:
    started = journey.claude.project / "started"
    with ModelServer((uses(shell(f"touch {started}; sleep 8")),)) as model:
        process = journey.claude.start(model, "Go", session_id=journey.session_id)
        deadline = time.monotonic() + 30
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        process.communicate(timeout=30)
    journey.flush()

    context = journey.calls_by_id()[FIRST]["context"]
    assert started.exists()
    assert ("ended", "abandoned") == (context["phase"], context["error_type"])


def test_session_and_prompt_are_events_beside_the_calls(journey: Journey) -> None:
    journey.run(uses(shell("true")), BYE, prompt="Say nothing of my-secret-plan")

    events = journey.events()
    assert ["session_start", "user_prompt", "shell_command", "other", "session_end"] == [
        event["action"]
        for event in events  # `other` is the Stop of the model's turn
    ]
    assert "my-secret-plan" not in str(events)


def test_a_call_lies_in_the_trace_that_the_session_was_started_in(
    server: RunningServer, tmp_path: Path
) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with a_journey(
        tmp_path / "traced",
        url=server.url,
        key=server.key,
        settings={},
        TRACEPARENT=f"00-{trace}-{parent}-01",
    ) as journey:
        journey.hook("install", "--scope", "project", "--yes")
        journey.run(uses(shell("true")), BYE)

    (path,) = server.data_dir.glob("*.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        stored = database.execute(
            "SELECT trace_id, parent_span_id FROM event WHERE session_id = ? AND call_id = ?",
            (journey.session_id, FIRST),
        )
        assert [(trace, parent)] == stored.fetchall()


def test_an_event_says_which_branch_it_ran_on(journey: Journey) -> None:
    subprocess.run(["git", "init", "-q", "-b", "fix-login"], cwd=journey.claude.project, check=True)

    journey.run(uses(shell("true")), BYE)

    event = journey.calls_by_id()[FIRST]
    assert "fix-login" == event["context"]["vcs.ref.head.name"]
