"""Codex CLI's hook JSON: what differs from Claude Code's."""

import json

import pytest

from agentaudit_hook.agents import codex
from agentaudit_hook.agents.shape import Closes
from agentaudit_processor.model import Action, Outcome
from tests.support.agents import CODEX


def test_a_call_keeps_its_own_id_and_its_text_result() -> None:
    request = CODEX.hear("PreToolUse-Bash").requested
    (call,) = CODEX.hear("PostToolUse-Bash").ended

    assert request is not None
    assert "call_35ac62831eb44336b9a4" == request.call_id == call.call_id
    assert Action.SHELL_COMMAND == call.action
    assert str(call.result).startswith("alpha\nCODEX_VERSION=0.169.0")


@pytest.mark.parametrize("name", ["PostToolUse-Bash", "PostToolUse-Bash-exit3"])
def test_the_outcome_of_a_command_is_not_guessed(name: str) -> None:
    (call,) = CODEX.hear(name).ended

    assert (Outcome.UNKNOWN, None, None) == (call.outcome, call.error_type, call.exit_code)


@pytest.mark.parametrize(
    ("is_error", "expected"), [(True, Outcome.FAILURE), (False, Outcome.SUCCESS)]
)
def test_an_mcp_server_says_how_it_went(is_error: bool, expected: Outcome) -> None:
    told = {"tool_name": "mcp__notes__save", "tool_response": {"isError": is_error}}

    (call,) = CODEX.hear("PostToolUse-Bash", **told).ended

    assert (expected, "notes") == (call.outcome, call.mcp_server)


def test_a_sub_agent_without_a_name_ends_no_call() -> None:
    named = CODEX.hear("Stop", hook_event_name="SubagentStop", agent_id="a1").closes
    nameless = CODEX.hear("Stop", hook_event_name="SubagentStop").closes

    session_id = CODEX.payload("Stop")["session_id"]
    assert Closes(session_id=session_id, subagent_id="a1") == named
    assert nameless is None


def test_a_refusal_is_the_json_that_codex_reads() -> None:
    told = json.loads(codex.deny("no 'rm'"))["hookSpecificOutput"]

    assert ("PreToolUse", "deny") == (told["hookEventName"], told["permissionDecision"])
    assert "no 'rm'" == told["permissionDecisionReason"]
