"""`execute_tool` spans of other emitters."""

from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.normalise import activity_of_span
from agentaudit_processor.dialects.record import Source
from agentaudit_processor.model import Action, Outcome, ToolCall
from tests.support.builders import NOON_NS
from tests.support.otlp import a_span, pairs


def read(span: Span, scope: str = "some.emitter", **resource: Any) -> ToolCall | None:
    told = {"service.name": "some-agent"} | {k.replace("_", "."): v for k, v in resource.items()}
    call = activity_of_span(span, Source(resource=told, scope=scope))
    assert call is None or isinstance(call, ToolCall)
    return call


def called(attributes: dict[str, Any] | None = None, **fields: Any) -> ToolCall:
    call = read(a_span(attributes, **fields))
    assert call is not None
    return call


def test_a_span_tells_the_whole_call() -> None:
    span = a_span(
        {
            names.TOOL_RESULT: '"hello\\n"',
            names.AGENT_NAME: "deploy-bot",
            names.USER_EMAIL: "bob@example.com",
            "custom.thing": 5,
        },
        parent_span_id=b"p" * 8,
    )

    call = read(span, service_version="2.0", host_name="box")

    assert call is not None
    assert (call.session_id, call.call_id) == ("conversation-1", "call-1")
    assert (call.tool_name, call.action) == ("Bash", Action.SHELL_COMMAND)
    assert (call.arguments, call.result) == ({"command": "echo hello"}, "hello\n")
    assert (call.trace_id, call.span_id) == ((b"t" * 16).hex(), (b"s" * 8).hex())
    assert call.parent_span_id == (b"p" * 8).hex()
    assert (call.started_ns, call.ended_ns) == (NOON_NS, NOON_NS + 1_000_000)
    assert (call.actor.agent_name, call.actor.agent_version) == ("deploy-bot", "2.0")
    assert (call.actor.user_email, call.actor.host_name) == ("bob@example.com", "box")
    assert (call.dialect, call.extra) == ("semconv", {"custom.thing": 5})


def test_the_service_is_the_agent_where_no_agent_is_named() -> None:
    assert called().actor.agent_name == "some-agent"


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"a": {"b": [1, True, None]}}, {"a": {"b": [1, True, None]}}),
        ("[1, 2]", {"input": [1, 2]}),
        ("ls -la", {"input": "ls -la"}),
        ("", {"input": ""}),
    ],
    ids=["json text", "object", "list", "no json", "empty"],
)
def test_arguments_are_read_from_json_text_or_object(written: Any, arguments: Any) -> None:
    assert called({names.TOOL_ARGUMENTS: written}).arguments == arguments


def test_the_legacy_names_of_other_emitters_are_read() -> None:
    span = a_span()
    del span.attributes[:]
    span.attributes.extend(
        a_span(
            {"gcp.vertex.agent.tool_call_args": '{"q": "x"}', "tool_response": "done"}
        ).attributes
    )
    kept = [pair for pair in span.attributes if pair.key != names.TOOL_ARGUMENTS]
    del span.attributes[:]
    span.attributes.extend(kept)

    call = read(span)

    assert call is not None
    assert (call.arguments, call.result) == ({"q": "x"}, "done")


@pytest.mark.parametrize("missing", ["", "<not specified>"])
def test_a_call_without_an_id_is_known_by_its_span(missing: str) -> None:
    assert called({names.TOOL_CALL_ID: missing}).call_id == (b"s" * 8).hex()


def test_a_call_without_a_session_belongs_to_its_trace() -> None:
    assert called({names.CONVERSATION_ID: ""}).session_id == (b"t" * 16).hex()


def test_the_session_of_the_resource_counts_where_the_span_names_none() -> None:
    call = read(a_span({names.CONVERSATION_ID: ""}), session_id="window-1")

    assert call is not None
    assert call.session_id == "window-1"


@pytest.mark.parametrize(
    ("attributes", "code", "outcome"),
    [
        ({}, Status.STATUS_CODE_UNSET, Outcome.SUCCESS),
        ({}, Status.STATUS_CODE_OK, Outcome.SUCCESS),
        ({}, Status.STATUS_CODE_ERROR, Outcome.FAILURE),
        ({names.ERROR_TYPE: "timeout"}, Status.STATUS_CODE_UNSET, Outcome.FAILURE),
    ],
)
def test_status_and_error_type_tell_the_outcome(
    attributes: dict[str, Any], code: Any, outcome: Outcome
) -> None:
    call = called(attributes, status=Status(code=code, message="why"))

    assert (call.outcome, call.error_message) == (outcome, "why")


@pytest.mark.parametrize(
    ("attributes", "tool", "server"),
    [
        ({names.TOOL_NAME: "mcp__notes__save_note"}, "save_note", "notes"),
        ({names.TOOL_NAME: "save_note", names.MCP_SERVER: "notes"}, "save_note", "notes"),
    ],
)
def test_a_tool_of_an_mcp_server_is_connector_access(
    attributes: dict[str, Any], tool: str, server: str
) -> None:
    call = called(attributes)

    assert (call.tool_name, call.mcp_server) == (tool, server)
    assert call.action == Action.CONNECTOR_ACCESS


def test_the_spans_name_tells_the_tool_where_no_attribute_does() -> None:
    call = called({names.TOOL_NAME: "", names.OPERATION_NAME: ""}, name="execute_tool Read")

    assert (call.tool_name, call.action) == ("Read", Action.FILE_READ)


def test_exit_codes_are_read_also_as_text() -> None:
    assert called({names.PROCESS_EXIT_CODE: "3"}).exit_code == 3


@pytest.mark.parametrize(
    "span",
    [
        a_span({names.OPERATION_NAME: "chat"}, name="chat gpt"),
        a_span({names.TOOL_NAME: "(merged tools)"}, name="execute_tool (merged tools)"),
        a_span(kind=Span.SPAN_KIND_SERVER),
        Span(),
    ],
    ids=["chat", "merged", "server side", "empty"],
)
def test_what_is_no_call_of_its_own_is_left_alone(span: Span) -> None:
    assert read(span) is None


def test_what_a_sender_writes_under_our_names_is_not_kept() -> None:
    assert called({"agentaudit.risk.level": "low"}).extra == {}


def test_what_a_spans_events_tell_is_kept_too() -> None:
    event = Span.Event(name="gen_ai.tool.message", attributes=pairs({"content": "ls"}))

    call = called(events=[event])

    assert call.extra == {"span.events": [{"name": "gen_ai.tool.message", "content": "ls"}]}


def test_no_number_is_too_odd_to_read() -> None:
    call = called({"a": float("inf"), "b": b"\xff", names.TOOL_ARGUMENTS: '{"n": 1e999}'})

    assert call.extra == {"a": "inf", "b": "/w=="}
    assert call.arguments == {"n": "1e999"}


def test_of_an_attribute_given_twice_the_last_counts() -> None:
    span = a_span()
    span.attributes.extend(pairs({names.TOOL_NAME: "Read"}))

    call = read(span)

    assert call is not None
    assert call.tool_name == "Read"
