"""A posted action -> ToolCall. What clients put into `context` by custom is read from there."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from agentaudit_backend.api.shapes import REST_DIALECT, PostedEvent
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Action, Actor, Phase, ToolCall

_MAX_NAME = 200
# Read into fields of their own, so not kept under `extra` as well.
_READ = frozenset(
    {"session_id", "call_id", "tool_use_id", "user_email", "user_id", "os_user", "hostname", "cwd"}
)


def tool_call_of(posted: PostedEvent, *, now_ns: int, idempotency_key: str | None) -> ToolCall:
    """The ToolCall that `posted` tells of.

    Args:
        idempotency_key: of the header of that name; the same one again is the same Event.
    """
    context = posted.context
    session_id = _name(context, "session_id") or f"api:{posted.agent_id}"
    call_id = (
        _name(context, "call_id", "tool_use_id")
        or (idempotency_key and idempotency_key[:_MAX_NAME])
        or uuid4().hex
    )
    extra = {name: value for name, value in context.items() if name not in _READ}
    if posted.reasoning is not None:
        extra["reasoning"] = posted.reasoning
    action = _action(posted.action)
    return ToolCall(
        session_id=session_id,
        call_id=call_id,
        tool_name=posted.action,
        action=action,
        actor=_actor(posted.agent_id, context),
        phase=Phase.REQUESTED,
        trace_id=trace_id_of(session_id),
        span_id=span_id_of(session_id, call_id),
        arguments=posted.data,
        started_ns=now_ns,
        cwd=_name(context, "cwd"),
        dialect=REST_DIALECT,
        extra=extra,
    )


def _actor(agent_id: str, context: Mapping[str, Any]) -> Actor:
    return Actor(
        agent_name=agent_id,
        user_email=_name(context, "user_email"),
        user_id=_name(context, "user_id"),
        user_name=_name(context, "os_user"),
        host_name=_name(context, "hostname"),
    )


def _action(name: str) -> Action:
    try:
        return Action(name)
    except ValueError:
        return Action.OTHER


def _name(context: Mapping[str, Any], *names: str) -> str | None:
    """The first of `names` that is there as text."""
    for name in names:
        value = context.get(name)
        if isinstance(value, str) and value:
            return value[:_MAX_NAME]
    return None
