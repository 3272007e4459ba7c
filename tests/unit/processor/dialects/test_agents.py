"""Telemetry of coding agents, where a recording does not reach: other words, broken values."""

from typing import Any

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor.dialects.normalise import (
    activity_of_log,
    activity_of_span,
    source_of_spans,
)
from agentaudit_processor.dialects.record import Source
from agentaudit_processor.model import Action, Outcome, Phase, ToolCall
from tests.support.builders import NOON_NS
from tests.support.otlp import a_trace_request, pairs

CLAUDE_SCOPE = "com.anthropic.claude_code.tracing"
CLAUDE = {
    "session.id": "session-1",
    "tool_name": "Bash",
    "tool_use_id": "toolu_1",
    "user.email": "alice@example.com",
    "prompt.id": "prompt-1",
}
CODEX = {"conversation.id": "session-1", "call_id": "call_1", "tool_name": "exec_command"}


def logged(body: str, attributes: dict[str, Any], **fields: Any) -> ToolCall | None:
    told = {"time_unix_nano": NOON_NS, "attributes": pairs(attributes)} | fields
    record = LogRecord(**told)
    if body:
        record.body.string_value = body
    call = activity_of_log(record, Source(resource={"service.name": "some-agent"}, scope="x"))
    assert call is None or isinstance(call, ToolCall)
    return call


def claude(event: str, attributes: dict[str, Any]) -> ToolCall:
    call = logged(event, CLAUDE | attributes)
    assert call is not None
    return call


def spans(*told: Span, scope: str = CLAUDE_SCOPE) -> list[ToolCall]:
    [held] = a_trace_request(*told, scope=scope).resource_spans
    source = source_of_spans(held, held.scope_spans[0])
    found = [activity_of_span(span, source) for span in held.scope_spans[0].spans]
    return [call for call in found if isinstance(call, ToolCall)]


def a_claude_span(name: str, span_id: bytes, parent: bytes, **attributes: Any) -> Span:
    return Span(
        name=f"claude_code.{name}",
        trace_id=b"t" * 16,
        span_id=span_id * 8,
        parent_span_id=parent * 8,
        attributes=pairs(CLAUDE | {k.replace("__", "."): v for k, v in attributes.items()}),
    )


# --- Claude Code and Cowork ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("success", "outcome"),
    [
        ("true", Outcome.SUCCESS),
        ("false", Outcome.FAILURE),
        (True, Outcome.SUCCESS),
        (False, Outcome.FAILURE),
        ("maybe", Outcome.UNKNOWN),
        (1, Outcome.UNKNOWN),
    ],
)
def test_success_is_read_as_text_or_as_a_truth(success: Any, outcome: Outcome) -> None:
    assert outcome == claude("claude_code.tool_result", {"success": success}).outcome


@pytest.mark.parametrize(
    ("duration", "started_ns"),
    [
        ("153", NOON_NS - 153_000_000),
        (153, NOON_NS - 153_000_000),
        (1.5, NOON_NS - 1_500_000),
        ("soon", NOON_NS),
        ("-5", NOON_NS),
        ("nan", NOON_NS),
        ("1e300", NOON_NS),
        (True, NOON_NS),
    ],
)
def test_a_duration_is_read_as_text_or_number_and_never_breaks(
    duration: Any, started_ns: int
) -> None:
    call = claude("claude_code.tool_result", {"success": "true", "duration_ms": duration})

    assert (started_ns, NOON_NS) == (call.started_ns, call.ended_ns)


@pytest.mark.parametrize(
    ("answer", "source", "mode", "by"),
    [
        ("accept", "config", "default", "config"),
        ("accept", "config", "bypassPermissions", "bypass"),
        ("accept", "user_temporary", "default", "user"),
        ("accept", "user_permanent", "default", "user"),
        ("reject", "user_reject", "default", "user"),
        ("reject", "hook", "bypassPermissions", "hook"),
        ("reject", "config", "bypassPermissions", "config"),
        ("accept", "something_new", "default", None),
    ],
)
def test_who_let_a_call_through_is_told(
    answer: str, source: str, mode: str, by: str | None
) -> None:
    told = {"decision": answer, "source": source, "permission_mode": mode}
    call = claude("claude_code.tool_decision", told)

    permission = call.extra["permission"]
    assert isinstance(permission, dict)
    assert (answer, source) == (permission["answer"], permission["source"])
    assert by == permission.get("by")
    assert (Phase.ENDED if answer == "reject" else Phase.REQUESTED) == call.phase


def test_a_refused_call_has_failed_and_says_why() -> None:
    call = claude("claude_code.tool_decision", {"decision": "reject", "source": "user_reject"})

    assert (Outcome.FAILURE, "permission_denied") == (call.outcome, call.error_type)


def test_without_content_switches_a_call_has_no_arguments() -> None:
    call = claude("claude_code.tool_result", {"success": "true", "tool_input_size_bytes": "35"})

    assert ({}, None) == (call.arguments, call.result)
    assert {"tool_input_size_bytes": "35"} == call.extra


def test_what_the_agent_adds_to_every_record_is_kept() -> None:
    parameters = '{"full_command": "git commit", "git_commit_id": "abc"}'
    told = {"success": "true", "team.id": "core", "tool_parameters": parameters}

    call = claude("claude_code.tool_result", told)

    assert {"team.id": "core", "tool_parameters": {"git_commit_id": "abc"}} == call.extra
    assert {"command": "git commit"} == call.arguments


# Made by hand from Cowork's monitoring page: no recording of it can be had without its desktop app.
def test_cowork_writes_the_same_events_under_its_own_name() -> None:
    told = {"success": "true", "duration_ms": "20", "workspace.host_paths": ["/home/alice/plans"]}
    call = claude("cowork.tool_result", told)
    unnumbered = {k: v for k, v in CLAUDE.items() if k != "tool_use_id"} | {"event.sequence": 7}

    assert ("toolu_1", "claude_code") == (call.call_id, call.dialect)
    assert {"workspace.host_paths": ["/home/alice/plans"]} == call.extra
    older = logged("cowork.tool_result", unnumbered)
    assert older is not None
    assert "event-7" == older.call_id


@pytest.mark.parametrize(
    "event",
    [
        "user_prompt",
        "api_request",
        "assistant_response",
        "hook_execution_complete",
        "skill_activated",
    ],
)
def test_events_that_the_hook_tells_as_facts_are_not_told_twice(event: str) -> None:
    assert logged(f"claude_code.{event}", CLAUDE) is None


def test_spans_below_a_tool_span_complete_it_whatever_their_order() -> None:
    told = [
        a_claude_span(
            "tool.blocked_on_user", b"b", b"a", decision="accept", source="user_temporary"
        ),
        a_claude_span(
            "tool.execution", b"c", b"a", success=False, error="no", error__type="tool_error"
        ),
        a_claude_span("tool", b"a", b"p"),
    ]

    for order in (told, told[::-1]):
        [call] = spans(*order)

        assert (Outcome.FAILURE, "tool_error", "no") == (
            call.outcome,
            call.error_type,
            call.error_message,
        )
        assert "user" == call.extra["permission"]["by"]  # type: ignore[index,call-overload]


def test_a_tool_span_without_those_below_it_ended_nobody_knows_how() -> None:
    [call] = spans(a_claude_span("tool", b"a", b"p"))

    assert (Outcome.UNKNOWN, {}) == (call.outcome, call.extra)


def test_spans_of_another_call_do_not_complete_a_tool_span() -> None:
    other = a_claude_span("tool.execution", b"c", b"z", success=True)

    [call] = spans(other, a_claude_span("tool", b"a", b"p"))

    assert Outcome.UNKNOWN == call.outcome


# --- Codex --------------------------------------------------------------------------------------


def test_a_call_that_codexs_user_denied_did_not_run() -> None:
    told = CODEX | {"event.name": "codex.tool_decision", "decision": "Denied", "source": "User"}
    call = logged("", told)

    assert call is not None
    assert (Phase.ENDED, "permission_denied") == (call.phase, call.error_type)
    assert {"answer": "Denied", "source": "User", "by": "user"} == call.extra["permission"]


def test_a_number_that_a_command_prints_is_not_its_exit_code() -> None:
    output = "Chunk ID: 1\nOutput:\n" + "x\n" * 9 + "Process exited with code 3\n"
    told = CODEX | {"event.name": "codex.tool_result", "success": "true", "output": output}

    call = logged("", told)

    assert call is not None
    assert (None, Outcome.SUCCESS) == (call.exit_code, call.outcome)


def test_a_tool_of_an_mcp_server_is_named_bare() -> None:
    told = {"event.name": "codex.tool_result", "tool_name": "save_note", "mcp_server": "notes"}
    call = logged("", CODEX | told)

    assert call is not None
    assert ("save_note", "notes", Action.CONNECTOR_ACCESS) == (
        call.tool_name,
        call.mcp_server,
        call.action,
    )


# --- Gemini CLI ---------------------------------------------------------------------------------


def test_gemini_calls_of_one_batch_are_kept_apart_by_their_arguments() -> None:
    told = {"event.name": "gemini_cli.tool_call", "session.id": "s", "function_name": "read_file"}
    place = {"span_id": b"p" * 8, "trace_id": b"t" * 16}
    calls = [
        logged("", told | {"function_args": f'{{"file_path": "{name}"}}'}, **place)
        for name in "aba"
    ]

    ids = [call.call_id for call in calls if call]
    assert (3, 2) == (len(ids), len(set(ids)))


def test_gemini_calls_without_a_span_are_kept_apart_by_their_time() -> None:
    told = {"event.name": "gemini_cli.tool_call", "session.id": "s", "function_name": "read_file"}
    calls = [logged("", told, time_unix_nano=NOON_NS + n) for n in (0, 1)]

    assert 2 == len({call.call_id for call in calls if call})


# --- anything -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["claude_code.tool_result", "codex.tool_result", "gemini_cli.tool_call"]
)
@pytest.mark.parametrize("value", ["", "{", "[1]", "null", 5, True, [1], {"a": 1}, b"\xff"])
def test_a_field_of_another_kind_breaks_nothing(name: str, value: Any) -> None:
    keys = "tool_parameters tool_input arguments output function_args metadata success duration_ms"
    keys += " decision source permission_mode tool_name function_name error mcp_server agent_id"
    told = CLAUDE | CODEX | dict.fromkeys(keys.split(), value) | {"event.name": name}

    call = logged(name, told)

    assert call is None or call.session_id == "session-1"
