"""A hook event in the JSON that Claude Code began and others took over; its fields, read leniently.

An agent's module says what its events mean; this one reads what is the same in all of them.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from agentaudit_hook.agents.contents import Fitter, clean
from agentaudit_hook.agents.shape import UNREADABLE, End, Told, actor_of, derived_call_id, trace_of
from agentaudit_processor.actions import action_of, split_mcp_name
from agentaudit_processor.classify.relay_named import RELAY_PID
from agentaudit_processor.ids import span_id_of
from agentaudit_processor.model import (
    Action,
    Actor,
    EventKind,
    Fact,
    Json,
    Phase,
    ToolCall,
)

MAX_ID_CHARS = 4096
MAX_ERROR_CHARS = 32 * 1024

_COMMON = frozenset(
    (
        "session_id",
        "cwd",
        "hook_event_name",
        "prompt_id",
        "permission_mode",
        "agent_id",
        "agent_type",
    )
)
_OF_CALLS = _COMMON | {
    "tool_name",
    "tool_input",
    "tool_response",
    "tool_use_id",
    "tool_calls",
    "error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What differs from agent to agent."""

    agent_name: str
    version_of: Callable[[Mapping[str, str]], str | None]
    """The agent's version, by the environment of its hook."""
    event_of_verb: Mapping[str, str]
    kinds: Mapping[str, tuple[EventKind, Action]]
    """What an event is as a Fact; others are an unknown event's."""
    prose: frozenset[str]
    """Fields that hold what people and models said to each other: `CapturePolicy.prompts`."""
    kept_variables: tuple[str, ...] = ()
    session_variable: str = ""
    """Where a hook's environment tells the session, should the payload not."""


class Event:
    """A payload with the lenient readers that every event needs."""

    def __init__(self, told: Told, payload: Mapping[str, Any], ways: Ways) -> None:
        self.told = told
        self.payload = payload
        self._ways = ways
        named = payload.get("hook_event_name")
        self.name = text_of(named) or told.argument or ways.event_of_verb.get(told.verb, told.verb)
        self.session_id = (
            self.text("session_id") or told.env.get(ways.session_variable) or "unknown"
        )
        traceparent = self.text("traceparent") or told.env.get("TRACEPARENT", "")
        self.trace_id, self.parent = trace_of(self.session_id, traceparent)

    def text(self, key: str) -> str | None:
        """An id or a name of the payload; see `text_of`."""
        return text_of(self.payload.get(key))

    @property
    def actor(self) -> Actor:
        """Who acted: this agent or one of its sub-agents, for whom, where."""
        return actor_of(
            self.told,
            name=self._ways.agent_name,
            version=self._ways.version_of(self.told.env),
            subagent=(self.text("agent_id"), self.text("agent_type")),
        )

    @property
    def at_ns(self) -> int:
        """When the hook was called; no payload tells a time."""
        return self.told.at_ns

    def call(self, said: Mapping[str, Any], phase: Phase) -> ToolCall:
        """The call that `said` (the payload, or one item of a batch) is about; not yet ended."""
        tool_name, server = split_mcp_name(text_of(said.get("tool_name")) or "unknown")
        call_id = text_of(said.get("tool_use_id")) or self._derived_call_id(said)
        fitter = Fitter()
        arguments = said.get("tool_input")
        fields = arguments if isinstance(arguments, dict) else {"input": arguments}
        fitted = fitter.fit_fields({} if arguments is None else fields)
        return ToolCall(
            session_id=self.session_id,
            call_id=call_id,
            tool_name=tool_name,
            mcp_server=server,
            action=action_of(tool_name, server),
            actor=self.actor,
            phase=phase,
            trace_id=self.trace_id,
            span_id=span_id_of(self.session_id, call_id),
            parent_span_id=self.parent,
            arguments=fitted,
            started_ns=self.at_ns,
            cwd=self.text("cwd") or self.told.cwd or None,
            permission_mode=self.text("permission_mode"),
            prompt_id=self.text("prompt_id"),
            truncated=fitter.truncated,
            extra=self._extra(_OF_CALLS),
        )

    def ended(self, said: Mapping[str, Any], end: End, result: Json = None) -> ToolCall:
        """The same once it is over; its start is what the client timed, until its request tells."""
        duration_ms = self.payload.get("duration_ms")
        known = isinstance(duration_ms, int | float) and 0 <= duration_ms < 1e10
        started_ns = self.at_ns - (int(duration_ms * 1e6) if known else 0)  # type: ignore[operator]
        call = self.call(said, Phase.ENDED)
        fitter = Fitter()
        fitted = fitter.fit(result)
        cut = fitter.truncated or len(end.error) > MAX_ERROR_CHARS
        return replace(
            call,
            started_ns=started_ns,
            ended_ns=self.at_ns,
            result=fitted,
            outcome=end.outcome,
            error_type=end.error_type,
            error_message=end.error[:MAX_ERROR_CHARS] or None,
            exit_code=end.exit_code,
            truncated=call.truncated or cut,
        )

    def fact(self) -> Fact:
        """The event itself as a Fact; its text fields as length and digest."""
        kind, action = self._ways.kinds.get(self.name, (EventKind.LOGGING_STATE, Action.OTHER))
        return Fact(
            fact_id=self.told.fact_id(self.session_id),
            kind=kind,
            action=action,
            name=self.name,
            session_id=self.session_id,
            actor=self.actor,
            trace_id=self.trace_id,
            at_ns=self.at_ns,
            cwd=self.text("cwd") or self.told.cwd or None,
            permission_mode=self.text("permission_mode"),
            prompt_id=self.text("prompt_id"),
            data=self._extra(_COMMON),
        )

    def _derived_call_id(self, said: Mapping[str, Any]) -> str:
        """For a client that numbers no calls: `shape.stem_of` it is in its request and its end."""
        parts = [self.session_id, self.text("prompt_id"), said.get("tool_name")]
        written = json.dumps([*parts, said.get("tool_input")], sort_keys=True, default=str)
        digest = hmac.new(self.told.key, written.encode(), sha256).hexdigest()
        return derived_call_id(digest[:24], self.at_ns)

    def _extra(self, known: frozenset[str]) -> dict[str, Json]:
        told = {key: value for key, value in self.payload.items() if key not in known}
        extra = Fitter().fit_fields(told)
        extra["hook_event_name"] = self.name
        extra |= self.told.repository
        if self.told.user_stated_by:
            extra["user_stated_by"] = self.told.user_stated_by
        if self.told.relay_pid and str(self.told.relay_pid).encode() in self.told.body:
            extra[RELAY_PID] = self.told.relay_pid
        if self.told.labels:
            extra["labels"] = dict(self.told.labels)
        for variable in self._ways.kept_variables:
            if value := self.told.env.get(variable):
                extra[variable.lower()] = value
        return extra


def unreadable(told: Told, reason: str, ways: Ways) -> Fact:
    """The Fact that an event could not be read, with its beginning."""
    session_id = told.env.get(ways.session_variable) or "unknown"
    return Fact(
        fact_id=told.fact_id(session_id),
        kind=EventKind.LOGGING_STATE,
        action=Action.OTHER,
        name=UNREADABLE,
        session_id=session_id,
        actor=actor_of(
            told,
            name=ways.agent_name,
            version=ways.version_of(told.env),
            subagent=(None, None),
        ),
        trace_id=trace_of(session_id, told.env.get("TRACEPARENT", ""))[0],
        at_ns=told.at_ns,
        cwd=told.cwd or None,
        data={
            "reason": reason,
            "verb": told.verb,
            "size_bytes": len(told.body),
            "head": told.body[:500].decode("utf-8", "replace"),
        },
    )


def text_of(value: object) -> str | None:
    """A client's id or name as text, whatever type it came as; None for nothing."""
    if value is None or value == "":
        return None
    return clean(value if isinstance(value, str) else json.dumps(value, default=str))[:MAX_ID_CHARS]
