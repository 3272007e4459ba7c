"""Codex CLI: its hook JSON → ToolCalls and Facts.

Source: payloads recorded from version 0.169.0. They have Claude Code's names and number the calls;
PostToolUse comes after failures too and does not tell them apart, so that the outcome of most
calls stays unknown.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from agentaudit_hook.agents.contents import Fitter
from agentaudit_hook.agents.event import Event, Ways
from agentaudit_hook.agents.hearing import Reader, fact, hear, request, session_end, turn_end
from agentaudit_hook.agents.shape import Closes, Heard, Told
from agentaudit_processor.model import Action, EventKind, Json, Outcome

NAME = "codex"

_OF_THE_SESSION = (
    "Stop",
    "SubagentStart",
    "SubagentStop",
    "Interrupt",
    "PreModelRequest",
    "PreCompact",
    "PostCompact",
)


def parse(told: Told) -> Heard:
    """What one hook event tells."""
    return hear(told, WAYS, _READERS)


def deny(reason: str) -> bytes:
    """What makes Codex refuse the call and show the model `reason`."""
    output = {
        "hookEventName": "PreToolUse",
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
    }
    return json.dumps({"hookSpecificOutput": output}).encode() + b"\n"


def _ended(event: Event) -> Heard:
    fitter = Fitter()
    result = fitter.fit(event.payload.get("tool_response"))
    outcome = _outcome(result)
    failed = outcome is Outcome.FAILURE
    call = event.ended(
        event.payload,
        result=result,
        outcome=outcome,
        error_type="tool_error" if failed else None,
    )
    call = replace(call, truncated=call.truncated or fitter.truncated)
    return Heard(event_name=event.name, ended=(call,))


def _outcome(result: Json) -> Outcome:
    """Only an MCP server's answer says how it went; a command's output comes without status."""
    is_error = result.get("isError", result.get("is_error")) if isinstance(result, dict) else None
    if not isinstance(is_error, bool):
        return Outcome.UNKNOWN
    return Outcome.FAILURE if is_error else Outcome.SUCCESS


def _subagent_stop(event: Event) -> Heard:
    """Ends that sub-agent's calls; one without a name must not end the main agent's."""
    subagent_id = event.text("agent_id")
    if subagent_id is None:
        return fact(event)
    closes = Closes(session_id=event.session_id, subagent_id=subagent_id)
    return Heard(event_name=event.name, facts=(event.fact(),), closes=closes)


_READERS: dict[str, Reader] = {
    "PreToolUse": request,
    "PostToolUse": _ended,
    "Stop": turn_end,
    "Interrupt": turn_end,
    "SubagentStop": _subagent_stop,
    "SessionEnd": session_end,
}


def _version(_: Mapping[str, str]) -> str | None:
    """No hook is told."""
    return None


WAYS = Ways(
    agent_name=NAME,
    version_of=_version,
    event_of_verb={
        "pre": "PreToolUse",
        "post": "PostToolUse",
        "session-start": "SessionStart",
        "session-end": "SessionEnd",
        "prompt": "UserPromptSubmit",
        "stop": "Stop",
    },
    kinds={
        "SessionStart": (EventKind.SESSION, Action.SESSION_START),
        "SessionEnd": (EventKind.SESSION, Action.SESSION_END),
        "UserPromptSubmit": (EventKind.PROMPT, Action.USER_PROMPT),
        "PermissionRequest": (EventKind.PERMISSION, Action.PERMISSION),
        **dict.fromkeys(_OF_THE_SESSION, (EventKind.SESSION, Action.OTHER)),
    },
    prose=frozenset(("prompt", "last_assistant_message")),
)
