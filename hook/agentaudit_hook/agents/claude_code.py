"""Claude Code: its hook JSON → ToolCalls and Facts.

Source: payloads recorded from version 2.1.330; older ones differ in optional fields only. The
payload's `hook_event_name` decides what an event is, whatever verb the hook was registered with.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agentaudit_hook.agents.answers import ASKED, post_tool_use, pre_tool_use
from agentaudit_hook.agents.contents import message_of
from agentaudit_hook.agents.event import MAX_ERROR_CHARS, Event, Ways
from agentaudit_hook.agents.hearing import (
    Reader,
    ended,
    hear,
    request,
    session_end,
    subagent_end,
    turn_end,
)
from agentaudit_hook.agents.shape import End, Heard, Told, failure
from agentaudit_processor.model import Action, EventKind, Json, Outcome, ToolCall

NAME = "claude-code"

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
"""What people and models said to each other."""
_EXIT_CODE = re.compile(r"Exit code (\d{1,9})(?:\n|$)")
_VERSION = re.compile(r"\d+(?:[-.]\d+)+")
_SHOWN_CHARS = 400
"""Where a refusal is looked for: further down, its words may be a tool's output."""
_DENIALS = (
    ASKED.lower(),
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
    """What one hook event tells."""
    return hear(told, WAYS, _READERS)


def deny(reason: str) -> bytes:
    """What makes Claude Code refuse the call and show the model `reason`."""
    return pre_tool_use("deny", reason)


def ask(reason: str) -> bytes:
    """What makes Claude Code ask its user, with `reason`; without one it refuses the call."""
    return pre_tool_use("ask", reason)


def show(result: Json) -> bytes:
    """What makes Claude Code show the model `result`, which must have the shape of the tool's own.

    Of tools that succeed only: what the model sees of a failure no hook can change.
    """
    return post_tool_use(result)


def _request(event: Event) -> Heard:
    """With `-p` there is nobody to ask: the reason must then say so."""
    headless = event.told.env.get("CLAUDE_CODE_ENTRYPOINT") == "sdk-cli"
    return replace(request(event), can_ask=not headless)


def _parse_success(event: Event) -> Heard:
    response = event.payload.get("tool_response")
    interrupted = isinstance(response, dict) and response.get("interrupted") is True
    if interrupted:
        return ended(event, failure("interrupted"))
    return ended(event, End(outcome=Outcome.SUCCESS))


def _parse_failure(event: Event) -> Heard:
    error = message_of(event.payload.get("error"))
    code = _EXIT_CODE.match(error)
    error_type = _error_type(error, event.payload.get("is_interrupt"))
    return ended(event, failure(error_type, error, int(code[1]) if code else None))


def _parse_batch(event: Event) -> Heard:
    """Calls of one model turn. The only word about those denied, unknown or badly formed."""
    told = event.payload.get("tool_calls")
    items = [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []
    return Heard(event_name=event.name, listed=tuple(_listed(event, item) for item in items))


def _listed(event: Event, item: Mapping[str, Any]) -> ToolCall:
    shown = item.get("tool_response")
    text = message_of(shown)
    error_type = _refusal(text)
    if error_type is None:
        return event.ended(item, End(outcome=Outcome.UNKNOWN), shown)
    return event.ended(item, failure(error_type, text))


def _parse_denial(event: Event) -> Heard:
    why = message_of(event.payload.get("reason"))
    call = event.ended(event.payload, failure("permission_denied", why))
    return Heard(event_name=event.name, ended=(call,), facts=(event.fact(),))


_READERS: dict[str, Reader] = {
    "PreToolUse": _request,
    "PostToolUse": _parse_success,
    "PostToolUseFailure": _parse_failure,
    "PostToolBatch": _parse_batch,
    "PermissionDenied": _parse_denial,
    "Stop": turn_end,
    "SubagentStop": subagent_end,
    "SessionEnd": session_end,
}


def _error_type(error: str, is_interrupt: object) -> str:
    if is_interrupt is True:
        return "interrupted"
    return "timeout" if "timed out" in error[:MAX_ERROR_CHARS].lower() else "tool_error"


def _refusal(text: str) -> str | None:
    """Why a call in a batch did not run, by the text that the model was shown; None if it did."""
    head = text[:_SHOWN_CHARS]
    if head.startswith("<tool_use_error>"):
        return "tool_error"
    folded = head.lower()
    return "permission_denied" if any(words in folded for words in _DENIALS) else None


def _version(env: Mapping[str, str]) -> str | None:
    """`claude-code_2-1-330_harness` → `2.1.330`."""
    for part in env.get("AI_AGENT", "").split("_")[1:]:
        if _VERSION.fullmatch(part):
            return part.replace("-", ".")
    return None


WAYS = Ways(
    agent_name=NAME,
    version_of=_version,
    event_of_verb=_EVENT_OF_VERB,
    kinds=_KINDS,
    prose=_PROSE,
    kept_variables=("CLAUDE_PROJECT_DIR", "CLAUDE_CODE_ENTRYPOINT"),
    session_variable="CLAUDE_CODE_SESSION_ID",
)
