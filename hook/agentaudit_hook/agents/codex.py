"""Codex CLI: its hook JSON → ToolCalls and Facts.

Source: payloads recorded from version 0.169.0. They have Claude Code's names and number the calls;
PostToolUse comes after failures too and does not tell them apart, so that the outcome of most
calls stays unknown. Told to ask, Codex runs the call, so that there is no `ask` here.
"""

from collections.abc import Mapping

from agentaudit_hook.agents.answers import pre_tool_use
from agentaudit_hook.agents.event import Event, Ways
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
from agentaudit_processor.model import Action, EventKind, Outcome

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
    return pre_tool_use("deny", reason)


def _ended(event: Event) -> Heard:
    return ended(event, _end(event.payload.get("tool_response")))


def _end(result: object) -> End:
    """Only an MCP server's answer says how it went; a command's output comes without status."""
    is_error = result.get("isError", result.get("is_error")) if isinstance(result, dict) else None
    if not isinstance(is_error, bool):
        return End(outcome=Outcome.UNKNOWN)
    if is_error:
        return failure("tool_error")
    return End(outcome=Outcome.SUCCESS)


_READERS: dict[str, Reader] = {
    "PreToolUse": request,
    "PostToolUse": _ended,
    "Stop": turn_end,
    "Interrupt": turn_end,
    "SubagentStop": subagent_end,
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
