"""`execute_tool` spans of any emitter of the GenAI semantic conventions, and MCP's → ToolCall.

Pydantic AI, Google ADK, Copilot CLI and Chat, util-genai, FastMCP. Source: GenAI semantic
conventions 0.1, `execute_tool` and `mcp.client` spans; legacy names as the emitters of 2026 write
them. Dialects that tell the same in other attributes begin with `ended_call` and replace what
differs.
"""

from collections.abc import Iterable

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_processor import attributes as names
from agentaudit_processor.actions import action_of, split_mcp_name
from agentaudit_processor.dialects.outer_calls import MCP_CALL
from agentaudit_processor.dialects.provenance import PERMISSION, REFUSED
from agentaudit_processor.dialects.record import (
    Attributes,
    Source,
    actor_of,
    attributes_of,
    id_of,
    integer,
    object_of,
    parsed,
    text,
)
from agentaudit_processor.model import Action, Json, Outcome, Phase, ToolCall

DIALECT = "semconv"

_NAME_PREFIX = f"{names.EXECUTE_TOOL} "
_MERGED = "(merged tools)"  # Google ADK: one more span over several calls, each told by its own

_CALL_ID = (names.TOOL_CALL_ID, "gen_ai.tool.call_id")  # the second: Gemini CLI 0.61
ARGUMENTS = (
    names.TOOL_ARGUMENTS,
    "tool_arguments",  # Pydantic AI, instrumentation version 1
    "gcp.vertex.agent.tool_call_args",  # Google ADK
)
RESULT = (names.TOOL_RESULT, "tool_response", "gcp.vertex.agent.tool_response")
_MCP_SERVER = (names.MCP_SERVER, "anthropic.mcp.server.name", "mcp.server.name")

CONTENT = frozenset((*ARGUMENTS, *RESULT))
"""Attributes that hold what went into the tool and what came back."""

_HAS_A_FIELD = frozenset(
    (
        names.OPERATION_NAME,
        names.TOOL_NAME,
        names.TOOL_TYPE,
        "gen_ai.tool.description",  # about the tool, not about this use of it
        names.CONVERSATION_ID,
        names.SESSION_ID,
        names.AGENT_NAME,
        names.PROVIDER_NAME,
        names.USER_EMAIL,
        names.USER_ID,
        names.USER_NAME,
        names.ERROR_TYPE,
        names.PROCESS_EXIT_CODE,
        names.PROCESS_WORKING_DIRECTORY,
        *_CALL_ID,
        *_MCP_SERVER,
        *CONTENT,
    )
)
_COPILOT_COPY = "github.copilot.tool.parameters."  # of single arguments, beside the whole
_DENIED = "denied"  # Copilot CLI: a hook, a rule or the user said no
_LEFT_OUT = ("agentaudit.", _COPILOT_COPY)
_NOT_SAID = ("", "<not specified>")  # the second: Google ADK, for a call without an id


def of_span(span: Span, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that an `execute_tool` span tells, or None.

    A span without a session's id takes its trace id for one, and its span id for a missing call
    id: they tell calls apart as well, and are the same when it is sent again.
    """
    tool_name = _tool_name(span, found)
    if tool_name is None or _is_server_side(span):
        return None
    if found.get(names.MCP_METHOD) == MCP_CALL and source.outer.tell(span, tool_name):
        return None
    return ended_call(span, found, source, tool_name)


def ended_call(
    span: Span,
    found: Attributes,
    source: Source,
    tool_name: str,
    *,
    dialect: str = DIALECT,
    read: frozenset[str] = frozenset(),
    events: Iterable[Span.Event] | None = None,
) -> ToolCall:
    """What the attributes of the conventions tell of a use of `tool_name`.

    Args:
        read: attributes that the caller puts into fields; all others go into `extra`.
        events: those that go into `extra`; None means all of the span's.
    """
    bare_name, server_in_name = split_mcp_name(tool_name)
    mcp_server = text(found, *_MCP_SERVER) or server_in_name
    trace_id, span_id = span.trace_id.hex(), span.span_id.hex()
    failed = span.status.code == Status.STATUS_CODE_ERROR
    raised = _exception(span) if failed else {}
    error_type = text(found, names.ERROR_TYPE) or text(raised, "exception.type")
    extra = _extra(found, read, span.events if events is None else events)
    if error_type == _DENIED:
        error_type, extra[PERMISSION] = REFUSED, {"answer": _DENIED}
    return ToolCall(
        session_id=_session_id(found, source) or trace_id,
        call_id=_call_id(found) or span_id,
        tool_name=bare_name,
        action=_action(tool_name, mcp_server, found),
        actor=actor_of(
            found,
            source,
            text(found, names.AGENT_NAME) or text(source.resource, names.SERVICE_NAME),
        ),
        phase=Phase.ENDED,
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=id_of(span.parent_span_id, 8),
        mcp_server=mcp_server,
        arguments=object_of(first_of(found, ARGUMENTS)),
        result=parsed(first_of(found, RESULT)),
        outcome=_outcome(failed, error_type),
        error_type=error_type,
        error_message=span.status.message or text(raised, "exception.message"),
        exit_code=integer(found, names.PROCESS_EXIT_CODE),
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        cwd=text(found, names.PROCESS_WORKING_DIRECTORY),
        dialect=dialect,
        extra=extra,
    )


def _tool_name(span: Span, found: Attributes) -> str | None:
    """None if the span is no use of a tool."""
    named = span.name.startswith(_NAME_PREFIX)
    if not named and found.get(names.OPERATION_NAME) != names.EXECUTE_TOOL:
        # clients of MCP may leave the operation out
        is_mcp_call = found.get(names.MCP_METHOD) == MCP_CALL
        return text(found, names.TOOL_NAME) if is_mcp_call else None
    tool_name = text(found, names.TOOL_NAME) or (
        span.name.removeprefix(_NAME_PREFIX).strip() if named else None
    )
    return None if tool_name == _MERGED else tool_name


def _action(tool_name: str, mcp_server: str | None, found: Attributes) -> Action:
    """A tool behind MCP is a connector's, though no span names its server."""
    if found.get(names.MCP_METHOD) == MCP_CALL:
        return Action.CONNECTOR_ACCESS
    return action_of(tool_name, mcp_server)


def _is_server_side(span: Span) -> bool:
    # An MCP server's own span of a call that its client's span tells already.
    return span.kind == Span.SPAN_KIND_SERVER


def _session_id(found: Attributes, source: Source) -> str | None:
    own = text(found, names.SESSION_ID, names.CONVERSATION_ID)
    return own or text(source.resource, names.SESSION_ID)


def _call_id(found: Attributes) -> str | None:
    value = text(found, *_CALL_ID)
    return None if value in _NOT_SAID else value


def _outcome(failed: bool, error_type: str | None) -> Outcome:
    """A span without an error has ended well: semantic conventions leave its status unset."""
    return Outcome.FAILURE if failed or error_type is not None else Outcome.SUCCESS


def _exception(span: Span) -> Attributes:
    """What a recorded exception tells, for emitters that say no more than that there was one."""
    raised = [event for event in span.events if event.name == "exception"]
    return attributes_of(raised[-1].attributes) if raised else {}


def first_of(found: Attributes, keys: Iterable[str]) -> Json:
    """The first value that is there under one of `keys`."""
    return next((found[key] for key in keys if found.get(key) is not None), None)


def _extra(
    found: Attributes, read: frozenset[str], events: Iterable[Span.Event]
) -> dict[str, Json]:
    """All else that the span tells, so that it is judged and masked as well: some emitters put
    input and output into the span's events.
    """
    extra = {
        key: value
        for key, value in found.items()
        if key not in _HAS_A_FIELD and key not in read and not key.startswith(_LEFT_OUT)
    }
    told: list[Json] = [{"name": event.name, **attributes_of(event.attributes)} for event in events]
    if told:
        extra["span.events"] = told
    return extra
