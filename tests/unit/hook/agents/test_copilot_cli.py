"""Copilot CLI's hook JSON: camelCase, no event name, the trace in the payload."""

import json

import pytest

from agentaudit_hook.agents import copilot_cli
from agentaudit_processor.ids import trace_id_of
from agentaudit_processor.model import Action, EventKind, Outcome
from tests.support.agents import COPILOT_CLI


def test_a_request_has_its_arguments_and_the_trace_of_copilots_telemetry() -> None:
    call = COPILOT_CLI.hear("preToolUse-create").requested

    assert call is not None
    assert ("create", Action.FILE_WRITE) == (call.tool_name, call.action)
    assert {"path": "/home/dev/project/n.txt", "file_text": "one\n"} == call.arguments
    assert "549e4e274e37d3db4cb17c8ac0fc772d" == call.trace_id
    assert "bdb6392ee96ab3a7" == call.parent_span_id


def test_without_telemetry_the_trace_is_the_sessions() -> None:
    call = COPILOT_CLI.hear("preToolUse-create", traceparent=None).requested

    assert call is not None
    assert (trace_id_of(call.session_id), None) == (call.trace_id, call.parent_span_id)


def test_arguments_that_are_json_in_json_are_read() -> None:
    call = COPILOT_CLI.hear("preToolUse-bash", toolArgs='{"command": "ls"}').requested

    assert call is not None
    assert {"command": "ls"} == call.arguments


def test_a_command_that_exits_with_3_has_failed_whatever_copilot_calls_it() -> None:
    (failed,) = COPILOT_CLI.hear("postToolUse-bash-exit3").ended
    (fine,) = COPILOT_CLI.hear("postToolUse-bash").ended

    assert (Outcome.FAILURE, "tool_error", 3) == (
        failed.outcome,
        failed.error_type,
        failed.exit_code,
    )
    assert (Outcome.SUCCESS, None, 0) == (fine.outcome, fine.error_type, fine.exit_code)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"resultType": "failure", "textResultForLlm": "No such file"}, "tool_error"),
        ({"resultType": "denied", "textResultForLlm": "No"}, "permission_denied"),
        ({"resultType": "success", "textResultForLlm": "exit code 3"}, None),
        ("text", None),
    ],
)
def test_the_kind_of_result_tells_a_failure(result: object, expected: str | None) -> None:
    (call,) = COPILOT_CLI.hear("postToolUse-view", toolResult=result).ended

    assert expected == call.error_type


@pytest.mark.parametrize("error", ["boom", {"message": "boom", "name": "Error"}])
def test_a_failure_event_tells_its_message(error: object) -> None:
    told = COPILOT_CLI.payload("postToolUse-view") | {"error": error, "toolResult": None}
    (call,) = COPILOT_CLI.hear("postToolUse-view", hookName="postToolUseFailure", **told).ended

    assert (Outcome.FAILURE, "boom") == (call.outcome, call.error_message)


def test_a_permission_request_is_a_fact_for_its_tool_has_another_name_there() -> None:
    heard = COPILOT_CLI.hear("permissionRequest-edit")

    assert [EventKind.PERMISSION] == [fact.kind for fact in heard.facts]
    assert not heard.ended


def test_a_refusal_is_the_json_that_copilot_reads() -> None:
    told = json.loads(copilot_cli.deny("no"))

    assert {"permissionDecision": "deny", "permissionDecisionReason": "no"} == told
