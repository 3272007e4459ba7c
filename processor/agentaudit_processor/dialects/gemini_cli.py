"""Gemini CLI's log event `gemini_cli.tool_call` and its `tool_call` spans → ToolCall.

The log event has no call id, the span has one of its own. What both know is the span that the
scheduler opened for a batch of calls, the tool and its arguments: of these the id is derived, so
that the two meet in one Event. Gemini's hooks have neither: their records stay apart.

Source: recordings of Gemini CLI 0.61.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor import attributes as names
from agentaudit_processor.actions import action_of
from agentaudit_processor.dialects.provenance import PERMISSION, REFUSED, is_refused
from agentaudit_processor.dialects.record import (
    Attributes,
    Source,
    actor_of,
    flag,
    id_of,
    integer,
    nanoseconds,
    object_of,
    parsed,
    text,
)
from agentaudit_processor.dialects.semconv import ended_call
from agentaudit_processor.ids import trace_id_of
from agentaudit_processor.model import Actor, Json, Outcome, Phase, ToolCall

DIALECT = "gemini_cli"
DIALECT_SPAN = "gemini_cli.span"
ARGUMENTS = ("function_args",)

_EVENT = "gemini_cli.tool_call"
_SCOPE = "gemini-cli"
_OPERATION = "tool_call"
_CALL_ID = "gen_ai.tool.call_id"  # not the conventions' `gen_ai.tool.call.id`
_INPUT, _OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"
_REFUSED_BY_POLICY = "policy_violation"
_WHO = {"auto_accept": "config", "reject": "user", "modify": "user"}
"""By their words; `accept` says who only where somebody could be asked, so it is left open."""
_READ = frozenset((_INPUT, _OUTPUT, "gen_ai.agent.description"))
_HAS_A_FIELD = frozenset(
    (
        names.SESSION_ID,
        names.USER_EMAIL,
        "function_name",
        "success",
        "duration_ms",
        "prompt_id",
        "mcp_server_name",
        "active_approval_mode",
        "error",
        "error.message",
        names.ERROR_TYPE,  # as `error_type`
        *ARGUMENTS,
        # about the exporter, not about the call
        "event.name",
        "event.timestamp",
        "interactive",
        "auth_type",
    )
)


def of_log(record: LogRecord, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that a log event tells, or None."""
    session_id, tool_name = text(found, names.SESSION_ID), text(found, "function_name")
    if found.get("event.name") != _EVENT or session_id is None or tool_name is None:
        return None
    at_ns = record.time_unix_nano or record.observed_time_unix_nano
    arguments = object_of(found.get("function_args"))
    scheduler = id_of(record.span_id, 8)
    place = scheduler or str(at_ns)
    mcp_server = text(found, "mcp_server_name")
    refused = is_refused(text(found, "decision")) or text(found, "error_type") == _REFUSED_BY_POLICY
    metadata = object_of(found.get("metadata"))
    exit_code = integer(metadata, "exitCode")
    succeeded = flag(found, "success") and not flag(metadata, "isError")
    return ToolCall(
        session_id=session_id,
        call_id=_call_id(place, tool_name, arguments),
        tool_name=tool_name,
        action=action_of(tool_name, mcp_server),
        actor=_actor(found, source),
        phase=Phase.ENDED,
        trace_id=id_of(record.trace_id, 16) or trace_id_of(session_id),
        span_id=_span_id(place, tool_name, arguments),
        parent_span_id=scheduler,
        mcp_server=mcp_server,
        arguments=arguments,
        outcome=_OUTCOMES[succeeded],
        error_type=REFUSED if refused else ("tool_error" if succeeded is False else None),
        error_message=text(found, "error.message", "error"),
        exit_code=exit_code,
        started_ns=at_ns - (nanoseconds(found, "duration_ms") or 0),
        ended_ns=at_ns,
        permission_mode=text(found, "active_approval_mode"),
        prompt_id=text(found, "prompt_id"),
        dialect=DIALECT,
        extra=_extra(found),
    )


def of_span(span: Span, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that a `tool_call` span tells, or None."""
    if source.scope != _SCOPE or found.get(names.OPERATION_NAME) != _OPERATION:
        return None
    tool_name = text(found, names.TOOL_NAME)
    if tool_name is None:
        return None
    asked, told = parsed(found.get(_INPUT)), parsed(found.get(_OUTPUT))
    arguments = object_of(asked.get("args")) if isinstance(asked, dict) else {}
    call = ended_call(span, found, source, tool_name, dialect=DIALECT_SPAN, read=_READ)
    own_id = {"gemini.call_id": text(found, _CALL_ID)}
    return replace(
        call,
        call_id=_call_id(span.parent_span_id.hex() or call.span_id, tool_name, arguments),
        actor=_actor(found, source),
        arguments=arguments,
        result=_result(told),
        outcome=_outcome(told, call.outcome),
        extra={**call.extra, **{key: value for key, value in own_id.items() if value}},
    )


_OUTCOMES = {True: Outcome.SUCCESS, False: Outcome.FAILURE, None: Outcome.UNKNOWN}


def _outcome(told: Json, otherwise: Outcome) -> Outcome:
    status = told.get("status") if isinstance(told, dict) else None
    known = {"success": Outcome.SUCCESS, "error": Outcome.FAILURE, "cancelled": Outcome.FAILURE}
    return known.get(status, otherwise) if isinstance(status, str) else otherwise


def _result(told: Json) -> Json:
    """What went back to the model, out of all that the scheduler keeps of a call."""
    response = told.get("response") if isinstance(told, dict) else None
    parts = response.get("responseParts") if isinstance(response, dict) else None
    if not isinstance(parts, list):
        return None
    functions = [part.get("functionResponse") for part in parts if isinstance(part, dict)]
    returned = [one.get("response") for one in functions if isinstance(one, dict)]
    return returned[0] if len(returned) == 1 else returned or None


def _extra(found: Attributes) -> dict[str, Json]:
    """All else that is told, so that it is judged and masked as well."""
    extra: dict[str, Json] = {
        key: value for key, value in found.items() if key not in _HAS_A_FIELD and value is not None
    }
    if isinstance(answer := extra.pop("decision", None), str):
        permission: dict[str, Json] = {"answer": answer}
        if by := _WHO.get(answer):
            permission["by"] = by
        extra[PERMISSION] = permission
    return extra


def _actor(found: Attributes, source: Source) -> Actor:
    # `service.version` of the resource is Node's.
    return replace(actor_of(found, source, "gemini-cli"), agent_version=None)


def _call_id(place: str, tool_name: str, arguments: Mapping[str, Json]) -> str:
    return f"gemini-{_digest(place, tool_name, arguments)[:24]}"


def _span_id(place: str, tool_name: str, arguments: Mapping[str, Json]) -> str:
    return _digest(place, tool_name, arguments)[-16:]


def _digest(place: str, tool_name: str, arguments: Mapping[str, Json]) -> str:
    told = json.dumps([place, tool_name, arguments], sort_keys=True, separators=(",", ":"))
    return sha256(told.encode()).hexdigest()
