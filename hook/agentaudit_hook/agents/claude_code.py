"""Claude Code: its hook JSON → ToolCalls and Facts.

Source: payloads recorded from version 2.1.330; older ones differ in optional fields only. The
payload's `hook_event_name` decides what an event is, whatever verb the hook was registered with.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from agentaudit_hook.agents.contents import Fitter, Unreadable, clean, read_object
from agentaudit_hook.agents.shape import Closes, Heard, Told, actor_of, trace_of
from agentaudit_processor.actions import action_of, split_mcp_name
from agentaudit_processor.ids import span_id_of
from agentaudit_processor.model import (
    Action,
    Actor,
    EventKind,
    Fact,
    Json,
    Outcome,
    Phase,
    ToolCall,
)

NAME = "claude-code"
MAX_ERROR_CHARS = 32 * 1024

_EVENT_OF_VERB = {
    "pre": "PreToolUse",
    "post": "PostToolUse",
    "session-start": "SessionStart",
    "session-end": "SessionEnd",
    "prompt": "UserPromptSubmit",
    "stop": "Stop",
}
_KINDS = {
    "SessionStart": (EventKind.SESSION, Action.SESSION_START),
    "SessionEnd": (EventKind.SESSION, Action.SESSION_END),
    "UserPromptSubmit": (EventKind.PROMPT, Action.USER_PROMPT),
    "UserPromptExpansion": (EventKind.PROMPT, Action.USER_PROMPT),
    "PermissionRequest": (EventKind.PERMISSION, Action.PERMISSION),
    "PermissionDenied": (EventKind.PERMISSION, Action.PERMISSION),
    "ConfigChange": (EventKind.CONFIG_CHANGE, Action.CONFIG_CHANGE),
}
_OF_THE_SESSION = """
    Stop StopFailure SubagentStart SubagentStop Notification PreCompact PostCompact Setup
    PreModelSwitch PostModelSwitch TeammateIdle TaskCreated TaskCompleted Elicitation
    ElicitationResult WorktreeCreate WorktreeRemove InstructionsLoaded CwdChanged FileChanged
    DirectoryAdded MessageDisplay
"""
_KINDS |= dict.fromkeys(_OF_THE_SESSION.split(), (EventKind.SESSION, Action.OTHER))
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
_PROSE = frozenset(
    (
        "prompt",
        "last_assistant_message",
        "delta",
        "compact_summary",
        "custom_instructions",
        "command_args",
    )
)
"""What people and models said to each other: its length and digest are kept, not its text."""
_EXIT_CODE = re.compile(r"Exit code (\d{1,9})(?:\n|$)")
_VERSION = re.compile(r"\d+(?:[-.]\d+)+")
_DENIALS = (
    "hook error:",
    "blocked by hook",
    "require approval",
    "requires approval",
    "permission",
    "denied",
    "doesn't want to",
    "rejected",
    "not allowed",
)


def parse(told: Told) -> Heard:
    """What one hook event tells; whatever cannot be read becomes a Fact about that."""
    try:
        payload = read_object(told.body)
    except Unreadable as error:
        return _unreadable(told, str(error))
    event = _Event(told, payload)
    return _PARSERS.get(event.name, _parse_fact)(event)


def deny(reason: str) -> bytes:
    """What makes Claude Code refuse the call and show the model `reason`."""
    output = {
        "hookEventName": "PreToolUse",
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
    }
    return json.dumps({"hookSpecificOutput": output}).encode() + b"\n"


class _Event:
    """A payload with the lenient readers that every event needs."""

    def __init__(self, told: Told, payload: Mapping[str, Any]) -> None:
        self.told = told
        self.payload = payload
        named = payload.get("hook_event_name")
        self.name = _text(named) or told.argument or _EVENT_OF_VERB.get(told.verb, told.verb)
        self.session_id = (
            self.text("session_id") or told.env.get("CLAUDE_CODE_SESSION_ID") or "unknown"
        )
        self.trace_id, self.parent = trace_of(self.session_id, told.env.get("TRACEPARENT", ""))

    def text(self, key: str) -> str | None:
        return _text(self.payload.get(key))

    @property
    def actor(self) -> Actor:
        return actor_of(
            self.told,
            name=NAME,
            version=_version(self.told.env.get("AI_AGENT", "")),
            subagent=(self.text("agent_id"), self.text("agent_type")),
        )

    @property
    def at_ns(self) -> int:
        return self.told.at_ns

    def call(self, said: Mapping[str, Any], phase: Phase) -> ToolCall:
        """The call that `said` (the payload, or one item of a batch) is about; not yet ended."""
        tool_name, server = split_mcp_name(_text(said.get("tool_name")) or "unknown")
        call_id = _text(said.get("tool_use_id")) or self._derived_call_id(said)
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

    def fact(self) -> Fact:
        """The event itself as a Fact; its text fields as length and digest."""
        kind, action = _KINDS.get(self.name, (EventKind.LOGGING_STATE, Action.OTHER))
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
            data=_without_prose(self._extra(_COMMON)),
        )

    def _derived_call_id(self, said: Mapping[str, Any]) -> str:
        """For a client that numbers no calls: the same for the request and the end of one."""
        parts = [self.session_id, self.text("prompt_id"), said.get("tool_name")]
        written = json.dumps([*parts, said.get("tool_input")], sort_keys=True, default=str)
        return f"derived-{sha256(written.encode()).hexdigest()[:24]}"

    def _extra(self, known: frozenset[str]) -> dict[str, Json]:
        extra = Fitter().fit_fields({k: v for k, v in self.payload.items() if k not in known})
        extra["hook_event_name"] = self.name
        for variable in ("CLAUDE_PROJECT_DIR", "CLAUDE_CODE_ENTRYPOINT"):
            if value := self.told.env.get(variable):
                extra[variable.lower()] = value
        return extra


def _parse_request(event: _Event) -> Heard:
    call = event.call(event.payload, Phase.REQUESTED)
    return Heard(event_name=event.name, requested=call)


def _parse_success(event: _Event) -> Heard:
    response = event.payload.get("tool_response")
    fitter = Fitter()
    interrupted = isinstance(response, dict) and response.get("interrupted") is True
    call = _ended(
        event,
        event.payload,
        result=fitter.fit(response),
        outcome=Outcome.FAILURE if interrupted else Outcome.SUCCESS,
        error_type="interrupted" if interrupted else None,
    )
    call = replace(call, truncated=call.truncated or fitter.truncated)
    return Heard(event_name=event.name, ended=(call,))


def _parse_failure(event: _Event) -> Heard:
    error = event.text("error") or ""
    code = _EXIT_CODE.match(error)
    call = _ended(
        event,
        event.payload,
        outcome=Outcome.FAILURE,
        error_type=_error_type(error, event.payload.get("is_interrupt")),
        error_message=error[:MAX_ERROR_CHARS] or None,
        exit_code=int(code[1]) if code else None,
    )
    truncated = call.truncated or len(error) > MAX_ERROR_CHARS
    return Heard(event_name=event.name, ended=(replace(call, truncated=truncated),))


def _parse_batch(event: _Event) -> Heard:
    """Calls of one model turn. The only word about those denied, unknown or badly formed."""
    told = event.payload.get("tool_calls")
    items = [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []
    return Heard(event_name=event.name, listed=tuple(_listed(event, item) for item in items))


def _listed(event: _Event, item: Mapping[str, Any]) -> ToolCall:
    fitter = Fitter()
    result = fitter.fit(item.get("tool_response"))
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    error_type = _refusal(text)
    call = _ended(
        event,
        item,
        result=None if error_type else result,
        outcome=Outcome.FAILURE if error_type else Outcome.UNKNOWN,
        error_type=error_type,
        error_message=text[:MAX_ERROR_CHARS] if error_type else None,
    )
    return replace(call, truncated=call.truncated or fitter.truncated)


def _parse_denial(event: _Event) -> Heard:
    call = _ended(
        event,
        event.payload,
        outcome=Outcome.FAILURE,
        error_type="permission_denied",
        error_message=(event.text("reason") or "")[:MAX_ERROR_CHARS] or None,
    )
    return Heard(event_name=event.name, ended=(call,), facts=(event.fact(),))


def _parse_stop(event: _Event) -> Heard:
    closes = Closes(
        session_id=event.session_id,
        everything=event.name == "SessionEnd",
        subagent_id=event.text("agent_id") if event.name == "SubagentStop" else None,
    )
    return Heard(event_name=event.name, facts=(event.fact(),), closes=closes)


def _parse_fact(event: _Event) -> Heard:
    return Heard(event_name=event.name, facts=(event.fact(),))


_PARSERS: dict[str, Callable[[_Event], Heard]] = {
    "PreToolUse": _parse_request,
    "PostToolUse": _parse_success,
    "PostToolUseFailure": _parse_failure,
    "PostToolBatch": _parse_batch,
    "PermissionDenied": _parse_denial,
    "Stop": _parse_stop,
    "SubagentStop": _parse_stop,
    "SessionEnd": _parse_stop,
}


def _ended(event: _Event, said: Mapping[str, Any], **how: Any) -> ToolCall:
    """A call that is over. When its request was not heard, its start is what the client timed."""
    call = event.call(said, Phase.ENDED)
    duration_ms = event.payload.get("duration_ms")
    known = isinstance(duration_ms, int | float) and 0 <= duration_ms < 1e10
    started_ns = event.at_ns - (int(duration_ms * 1e6) if known else 0)  # type: ignore[operator]
    return replace(call, started_ns=started_ns, ended_ns=event.at_ns, **how)


def _error_type(error: str, is_interrupt: object) -> str:
    if is_interrupt is True:
        return "interrupted"
    return "timeout" if "timed out" in error[:MAX_ERROR_CHARS].lower() else "tool_error"


def _refusal(text: str) -> str | None:
    """Why a call in a batch did not run, by the text that the model was shown; None if it did."""
    head = text[:2000]
    if head.startswith("<tool_use_error>"):
        return "tool_error"
    folded = head.lower()
    return "permission_denied" if any(words in folded for words in _DENIALS) else None


def _without_prose(data: dict[str, Json]) -> dict[str, Json]:
    kept: dict[str, Json] = {}
    for key, value in data.items():
        if key in _PROSE and isinstance(value, str):
            kept[f"{key}_length"] = len(value)
            kept[f"{key}_sha256"] = sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        else:
            kept[key] = value
    return kept


def _unreadable(told: Told, reason: str) -> Heard:
    session_id = told.env.get("CLAUDE_CODE_SESSION_ID") or "unknown"
    fact = Fact(
        fact_id=told.fact_id(session_id),
        kind=EventKind.LOGGING_STATE,
        action=Action.OTHER,
        name="unreadable hook input",
        session_id=session_id,
        actor=actor_of(
            told,
            name=NAME,
            version=_version(told.env.get("AI_AGENT", "")),
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
    return Heard(event_name="unreadable", facts=(fact,))


def _text(value: object) -> str | None:
    """A client's id or name as text, whatever type it came as; None for nothing."""
    if value is None or value == "":
        return None
    return clean(value if isinstance(value, str) else json.dumps(value, default=str))[:4096]


def _version(ai_agent: str) -> str | None:
    """`claude-code_2-1-330_harness` → `2.1.330`."""
    for part in ai_agent.split("_")[1:]:
        if _VERSION.fullmatch(part):
            return part.replace("-", ".")
    return None
