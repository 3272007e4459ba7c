"""Recorded sessions of Codex, Gemini and Copilot CLI through the installed hook to receivers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentaudit_processor.model import Fact, Outcome, Phase, ToolCall
from agentaudit_processor.pipeline import Judge
from tests.support.agents import CODEX, COPILOT_CLI, GEMINI_CLI, RECORDINGS, Recording
from tests.support.hook import HookHome, HookServer, a_hook_home, a_hook_server

REFUSED = {
    "codex": "PreToolUse-Bash-rm-rf",
    "gemini-cli": "BeforeTool-run_shell_command-rm-rf",
    "copilot-cli": "preToolUse-bash-rm-rf",
}
SUCCESS = (Outcome.SUCCESS, None, None)
FAILURE_3 = (Outcome.FAILURE, "tool_error", 3)
UNKNOWN = (Outcome.UNKNOWN, None, None)
BLOCKED = (Outcome.FAILURE, "policy_block", None)
ENDS = {
    "codex": [
        ("Bash", UNKNOWN),
        ("Bash", UNKNOWN),
        ("Bash", BLOCKED),
        ("view_image", (Outcome.UNKNOWN, "abandoned", None)),
    ],
    "gemini-cli": [
        ("read_file", SUCCESS),
        ("replace", SUCCESS),
        ("run_shell_command", BLOCKED),
        ("run_shell_command", FAILURE_3),
        ("run_shell_command", SUCCESS),
        ("write_file", SUCCESS),
    ],
    "copilot-cli": [
        ("bash", BLOCKED),
        ("bash", FAILURE_3),
        ("bash", (Outcome.SUCCESS, None, 0)),
        ("create", SUCCESS),
        ("view", SUCCESS),
    ],
}


@pytest.fixture
def server(judge: Judge) -> Iterator[HookServer]:
    with a_hook_server(judge) as server:
        server.block_from("medium")
        yield server


@pytest.fixture
def hook(server: HookServer, tmp_path: Path) -> Iterator[HookHome]:
    with a_hook_home(tmp_path, server.url, more={"AI_AGENT": ""}) as hook:
        hook.flush()  # the policy is here before the first call
        yield hook


def _tell(hook: HookHome, recording: Recording, name: str, **changes: Any) -> bytes:
    stdin = json.dumps(recording.payload(name, **changes)).encode()
    answer = hook.run(*recording.command(name), stdin=stdin)
    assert (0, b"") == (answer.returncode, answer.stderr)
    return answer.stdout


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda one: one.agent)
def test_each_call_of_a_session_is_one_event_with_its_outcome(
    server: HookServer, hook: HookHome, recording: Recording
) -> None:
    said = {name: _tell(hook, recording, name) for name in recording.order}
    hook.flush()

    assert [REFUSED[recording.agent]] == [name for name, stdout in said.items() if stdout]
    ended = [call for call in server.calls() if call.phase is Phase.ENDED]
    requested = [call for call in server.calls() if call.phase is Phase.REQUESTED]
    told = [(c.tool_name, (c.outcome, c.error_type, c.exit_code)) for c in ended]
    assert sorted(ENDS[recording.agent], key=repr) == sorted(told, key=repr)
    assert {call.call_id for call in requested} == {call.call_id for call in ended}
    assert len(ended) == len(requested) == len({call.call_id for call in ended})
    facts = [e.activity for e in server.events() if isinstance(e.activity, Fact)]
    assert len(recording.order) - 2 * len(ended) + _calls_without_post(recording) == len(facts)
    assert {recording.agent} == {e.activity.actor.agent_name for e in server.events()}


def _calls_without_post(recording: Recording) -> int:
    """The refused call, and the one that Codex never ends."""
    return 2 if recording is CODEX else 1


@pytest.mark.parametrize(
    ("recording", "reason_of"),
    [
        (CODEX, lambda told: told["hookSpecificOutput"]["permissionDecisionReason"]),
        (GEMINI_CLI, lambda told: told["reason"]),
        (COPILOT_CLI, lambda told: told["permissionDecisionReason"]),
    ],
    ids=lambda one: getattr(one, "agent", ""),
)
def test_a_refusal_is_told_in_the_words_that_the_agent_reads(
    hook: HookHome, recording: Recording, reason_of: Any
) -> None:
    told = json.loads(_tell(hook, recording, REFUSED[recording.agent]))

    assert reason_of(told).startswith("Blocked by AgenticAudit: ")
    assert "deny" in json.dumps(told)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda one: one.agent)
def test_a_hook_written_by_hand_need_not_name_the_agent(
    server: HookServer, hook: HookHome, recording: Recording
) -> None:
    name = REFUSED[recording.agent]
    answer = hook.run("pre", stdin=json.dumps(recording.payload(name)).encode())
    hook.flush()

    assert b"deny" in answer.stdout
    assert {recording.agent} == {call.actor.agent_name for call in server.calls()}


def test_the_same_call_twice_is_two_events_of_one_trace(server: HookServer, hook: HookHome) -> None:
    for name in 2 * ("BeforeTool-read_file", "AfterTool-read_file"):
        _tell(hook, GEMINI_CLI, name)
    hook.flush()

    requested = [call for call in server.calls() if call.phase is Phase.REQUESTED]
    ended = [call for call in server.calls() if call.phase is Phase.ENDED]
    assert (2, 2) == (len(requested), len(ended))
    assert {call.call_id for call in requested} == {call.call_id for call in ended}
    assert {call.started_ns for call in requested} == {call.started_ns for call in ended}
    assert (1, 2) == (len({c.trace_id for c in ended}), len({c.span_id for c in ended}))


def test_calls_alike_that_run_at_once_end_each_once(server: HookServer, hook: HookHome) -> None:
    for name in (*2 * ("BeforeTool-read_file",), *2 * ("AfterTool-read_file",)):
        _tell(hook, GEMINI_CLI, name)
    hook.flush()

    ended = [call for call in server.calls() if call.phase is Phase.ENDED]
    assert [Outcome.SUCCESS] * 2 == [call.outcome for call in ended]
    requested = {c.call_id for c in server.calls() if c.phase is Phase.REQUESTED}
    assert requested == {call.call_id for call in ended}


def test_copilots_own_trace_holds_the_call(server: HookServer, hook: HookHome) -> None:
    _tell(hook, COPILOT_CLI, "preToolUse-create")
    hook.flush()

    (call,) = server.calls()
    assert isinstance(call, ToolCall)
    assert "549e4e274e37d3db4cb17c8ac0fc772d" == call.trace_id
    assert "bdb6392ee96ab3a7" == call.parent_span_id
