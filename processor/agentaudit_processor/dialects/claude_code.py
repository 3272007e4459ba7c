"""Claude Code's own telemetry, and Claude Cowork's → ToolCall.

Log events `tool_decision` and `tool_result`; spans `claude_code.tool`, which the spans below them
complete: `tool.blocked_on_user` tells who decided, `tool.execution` how it ended. By default none
of them holds content: `OTEL_LOG_TOOL_DETAILS` and `OTEL_LOG_TOOL_CONTENT` add some of it.

Prompts, requests to the model, hooks run and the like are not read: our hook tells them as Facts of
its own, under other ids, so that each would be there twice.

Source: recordings of Claude Code 2.1.330; for Cowork, its monitoring page (claude.com/docs/cowork).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_processor import attributes as names
from agentaudit_processor.actions import action_of, split_mcp_name
from agentaudit_processor.dialects.provenance import REFUSED, is_refused, permission_of
from agentaudit_processor.dialects.record import (
    Attributes,
    Children,
    Source,
    actor_of,
    attributes_of,
    flag,
    id_of,
    nanoseconds,
    object_of,
    parsed,
    text,
)
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Actor, Json, Outcome, Phase, ToolCall

DIALECT = "claude_code"
DIALECT_DECISION = "claude_code.decision"
DIALECT_SPAN = "claude_code.span"
ARGUMENTS = ("tool_input",)

SPANS_SCOPE = "com.anthropic.claude_code.tracing"
_LOGS = {
    f"{product}.{event}": event
    for product in ("claude_code", "cowork")
    for event in ("tool_result", "tool_decision")
}
_TOOL = "claude_code.tool"
_BLOCKED = "claude_code.tool.blocked_on_user"
_EXECUTION = "claude_code.tool.execution"
_OUTPUT = "tool.output"

# What the arguments are called in telemetry, and in the tool's own input.
_PARAMETERS = {
    "full_command": "command",
    "description": "description",
    "file_path": "file_path",
    "skill_name": "skill",
    "subagent_type": "subagent_type",
}
_TOLD_OF_MCP = ("mcp_server_name", "mcp_tool_name", "bash_command")
_HAS_A_FIELD = frozenset(
    (
        names.OPERATION_NAME,
        names.TOOL_NAME,
        names.TOOL_CALL_ID,
        names.CONVERSATION_ID,
        names.SESSION_ID,
        names.PROVIDER_NAME,
        names.USER_EMAIL,
        names.USER_ID,
        "prompt.id",
        "permission_mode",
        "agent_id",
        "tool_use_id",
        "tool_name",
        "tool_name_safe",
        "tool_input",
        "tool_parameters",
        "anthropic.mcp.server.name",
        "error",
        "error_type",
        "success",
        "duration_ms",
        "decision",
        "source",
        "decision_type",
        "decision_source",
        *_PARAMETERS,
        # about the exporter, not about the call
        "span.type",
        "event.name",
        "event.timestamp",
        "event.sequence",
        "terminal.type",
        "anthropic.provider",
        "anthropic.custom_base_url",
    )
)


def children_of(spans: Iterable[Span]) -> Children:
    """The spans that complete the tool spans of the same batch."""
    return {
        (span.parent_span_id, span.name): attributes_of(span.attributes)
        for span in spans
        if span.name in (_BLOCKED, _EXECUTION)
    }


def of_log(record: LogRecord, found: Attributes, source: Source) -> ToolCall | None:
    """The decided or ended call that a log event tells, or None."""
    event = _LOGS.get(record.body.string_value or record.event_name)
    session_id = text(found, names.SESSION_ID)
    if event is None or session_id is None or text(found, "tool_name") is None:
        return None
    told_at_ns = record.time_unix_nano or record.observed_time_unix_nano
    # Cowork's first versions give no id; the sequence tells a session's events apart as well.
    call_id = text(found, "tool_use_id") or f"event-{text(found, 'event.sequence') or told_at_ns}"
    call = _call(found, source, session_id, call_id)
    if event == "tool_decision":
        return _decided(call, found, told_at_ns)
    took_ns = nanoseconds(found, "duration_ms")
    return replace(
        call,
        arguments=object_of(found["tool_input"]) if "tool_input" in found else call.arguments,
        outcome=_outcome(flag(found, "success")),
        error_type=_error_type(text(found, "error_type"), found),
        error_message=text(found, "error"),
        started_ns=told_at_ns - (took_ns or 0),
        ended_ns=told_at_ns,
        extra=_extra(found, permission_of(found, "decision_type", "decision_source")),
    )


def of_span(span: Span, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that a tool span and the spans below it tell, or None."""
    if source.scope != SPANS_SCOPE or span.name != _TOOL:
        return None
    session_id = text(found, names.SESSION_ID)
    call_id = text(found, "tool_use_id", names.TOOL_CALL_ID)
    if session_id is None or call_id is None:
        return None
    asked = source.children.get((span.span_id, _BLOCKED), {})
    ran = source.children.get((span.span_id, _EXECUTION), {})
    refused = is_refused(text(asked, "decision"))
    failed = span.status.code == Status.STATUS_CODE_ERROR
    outcome = Outcome.FAILURE if refused or failed else _outcome(flag(ran, "success"))
    return replace(
        _call(found, source, session_id, call_id),
        dialect=DIALECT_SPAN,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=id_of(span.parent_span_id, 8),
        result=_output(span),
        outcome=outcome,
        error_type=REFUSED if refused else text(ran, names.ERROR_TYPE),
        error_message=text(ran, "error") or span.status.message or None,
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        extra=_extra(found, permission_of(asked, "decision", "source")),
    )


def _call(found: Attributes, source: Source, session_id: str, call_id: str) -> ToolCall:
    """What log events and spans tell alike."""
    parameters = parsed(found.get("tool_parameters"))
    parameters = parameters if isinstance(parameters, dict) else {}
    tool_name, mcp_server = _tool(found, parameters)
    return ToolCall(
        session_id=session_id,
        call_id=call_id,
        tool_name=tool_name,
        action=action_of(tool_name, mcp_server),
        actor=_actor(found, source),
        phase=Phase.ENDED,
        trace_id=trace_id_of(session_id),
        span_id=span_id_of(session_id, call_id),
        mcp_server=mcp_server,
        arguments={
            name: parameters.get(key, found.get(key))
            for key, name in _PARAMETERS.items()
            if key in parameters or key in found
        },
        started_ns=0,
        permission_mode=text(found, "permission_mode"),
        prompt_id=text(found, "prompt.id"),
        dialect=DIALECT,
    )


def _decided(call: ToolCall, found: Attributes, at_ns: int) -> ToolCall:
    """A decision comes before the call runs; after a refusal nothing more is heard of it."""
    permission = permission_of(found, "decision", "source", mode=call.permission_mode)
    refused = is_refused(text(found, "decision"))
    return replace(
        call,
        dialect=DIALECT_DECISION,
        phase=Phase.ENDED if refused else Phase.REQUESTED,
        observed=True,
        outcome=Outcome.FAILURE if refused else Outcome.UNKNOWN,
        error_type=REFUSED if refused else None,
        started_ns=at_ns,
        ended_ns=at_ns if refused else None,
        extra=_extra(found, permission),
    )


def _tool(found: Attributes, parameters: Mapping[str, Json]) -> tuple[str, str | None]:
    """Bare name and MCP server: log events call every tool of a server `mcp_tool`."""
    bare_name, server_in_name = split_mcp_name(text(found, "tool_name", names.TOOL_NAME) or "")
    server = text(found, "anthropic.mcp.server.name") or text(parameters, "mcp_server_name")
    return text(parameters, "mcp_tool_name") or bare_name, server or server_in_name


def _actor(found: Attributes, source: Source) -> Actor:
    actor = actor_of(found, source, text(source.resource, names.SERVICE_NAME))
    return replace(actor, subagent_id=text(found, "agent_id"))


def _output(span: Span) -> Json:
    """What came back, from the event that `OTEL_LOG_TOOL_CONTENT` adds."""
    for event in span.events:
        if event.name == _OUTPUT:
            told = attributes_of(event.attributes)
            output = {
                key: value for key, value in told.items() if key in ("output", "content", "diff")
            }
            return output or None
    return None


def _outcome(success: bool | None) -> Outcome:
    if success is None:
        return Outcome.UNKNOWN
    return Outcome.SUCCESS if success else Outcome.FAILURE


def _error_type(told: str | None, found: Attributes) -> str | None:
    """One word for every failing tool, as the spans have it; the agent's own is in the extra."""
    if is_refused(text(found, "decision_type")):
        return REFUSED
    return "tool_error" if told or flag(found, "success") is False else None


def _extra(found: Attributes, permission: dict[str, Json]) -> dict[str, Json]:
    """All else that is told, so that it is judged and masked as well."""
    extra = {key: value for key, value in found.items() if key not in _HAS_A_FIELD}
    parameters = parsed(found.get("tool_parameters"))
    if isinstance(parameters, dict):
        known = (*_PARAMETERS, *_TOLD_OF_MCP)
        if more := {key: value for key, value in parameters.items() if key not in known}:
            extra["tool_parameters"] = more
    if error_class := text(found, "error_type"):
        extra["error_class"] = error_class
    return extra | permission
