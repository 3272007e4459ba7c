"""Codex CLI's log events `codex.tool_result` and `codex.tool_decision` → ToolCall.

Codex's spans are some 140 kinds of inner workings, 1,500 a run; the calls in them tell less than
the log events do (lengths in place of content), so none is read.

Source: recordings of Codex CLI 0.169: `timeUnixNano` is 0, the body null, numbers are text.
"""

import re
from dataclasses import replace

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from agentaudit_processor import attributes as names
from agentaudit_processor.actions import action_of, split_mcp_name
from agentaudit_processor.dialects.provenance import REFUSED, is_refused, permission_of
from agentaudit_processor.dialects.record import (
    Attributes,
    Source,
    actor_of,
    flag,
    nanoseconds,
    object_of,
    parsed,
    text,
)
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Actor, Outcome, Phase, ToolCall

DIALECT = "codex"
DIALECT_DECISION = "codex.decision"
ARGUMENTS = ("arguments",)
RESULT = ("output",)

_RESULT_EVENT = "codex.tool_result"
_DECISION_EVENT = "codex.tool_decision"
_EXIT_CODE = re.compile(r"\A(?:[^\n]{0,200}\n){0,4}Process exited with code (-?\d{1,9})\n")
"""Among the lines that Codex puts above a command's output."""
_ROOT = "/root"
_HAS_A_FIELD = frozenset(
    (
        "conversation.id",
        "call_id",
        "tool_name",
        "mcp_server",
        "success",
        "duration_ms",
        "output_truncated",
        "agent_name",
        "decision",
        "source",
        names.USER_EMAIL,
        "user.account_id",
        *ARGUMENTS,
        *RESULT,
        # about the exporter, not about the call
        "event.name",
        "event.timestamp",
        "app.version",
        "terminal.type",
        "slug",
    )
)


def is_inner_span(source: Source) -> bool:
    """Whether spans of this scope are Codex's inner workings, not worth a walk each."""
    agent = source.resource.get(names.SERVICE_NAME)
    return isinstance(agent, str) and agent == source.scope and agent.startswith("codex")


def of_log(record: LogRecord, found: Attributes, source: Source) -> ToolCall | None:
    """The decided or ended call that a log event tells, or None."""
    event = found.get("event.name")
    if event not in (_RESULT_EVENT, _DECISION_EVENT):
        return None
    session_id, call_id = text(found, "conversation.id"), text(found, "call_id")
    if session_id is None or call_id is None or text(found, "tool_name") is None:
        return None
    at_ns = record.time_unix_nano or record.observed_time_unix_nano
    call = _call(found, source, session_id, call_id, at_ns)
    return _decided(call, found, at_ns) if event == _DECISION_EVENT else _ended(call, found, at_ns)


def _call(found: Attributes, source: Source, session_id: str, call_id: str, at_ns: int) -> ToolCall:
    bare_name, server_in_name = split_mcp_name(text(found, "tool_name") or "")
    mcp_server = text(found, "mcp_server") or server_in_name
    return ToolCall(
        session_id=session_id,
        call_id=call_id,
        tool_name=bare_name,
        action=action_of(bare_name, mcp_server),
        actor=_actor(found, source),
        phase=Phase.ENDED,
        trace_id=trace_id_of(session_id),
        span_id=span_id_of(session_id, call_id),
        mcp_server=mcp_server,
        started_ns=at_ns,
        dialect=DIALECT,
        extra={
            key: value for key, value in found.items() if key not in _HAS_A_FIELD and value != ""
        },
    )


def _ended(call: ToolCall, found: Attributes, at_ns: int) -> ToolCall:
    result = parsed(found.get("output"))
    exit_code = _exit_code(result) if isinstance(result, str) else None
    succeeded = flag(found, "success")
    failed = succeeded is False or exit_code not in (None, 0)
    outcome = Outcome.UNKNOWN if succeeded is None else Outcome.SUCCESS
    return replace(
        call,
        arguments=object_of(found.get("arguments")),
        result=result,
        outcome=Outcome.FAILURE if failed else outcome,
        error_type="tool_error" if failed else None,
        error_message=result if succeeded is False and isinstance(result, str) else None,
        exit_code=exit_code,
        started_ns=at_ns - (nanoseconds(found, "duration_ms") or 0),
        ended_ns=at_ns,
        truncated=flag(found, "output_truncated") is True,
    )


def _decided(call: ToolCall, found: Attributes, at_ns: int) -> ToolCall:
    refused = is_refused(text(found, "decision"))
    return replace(
        call,
        dialect=DIALECT_DECISION,
        phase=Phase.ENDED if refused else Phase.REQUESTED,
        observed=True,
        outcome=Outcome.FAILURE if refused else Outcome.UNKNOWN,
        error_type=REFUSED if refused else None,
        ended_ns=at_ns if refused else None,
        extra={**call.extra, **permission_of(found, "decision", "source", mode=None)},
    )


def _actor(found: Attributes, source: Source) -> Actor:
    # The resource names the front end (codex_exec, codex_cli_rs …); the agent is one.
    subagent = text(found, "agent_name")
    actor = actor_of(found, source, "codex")
    return replace(
        actor,
        user_id=actor.user_id or text(found, "user.account_id"),
        subagent_id=None if subagent == _ROOT else subagent,
    )


def _exit_code(output: str) -> int | None:
    match = _EXIT_CODE.match(output)
    return int(match[1]) if match else None
