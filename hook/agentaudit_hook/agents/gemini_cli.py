"""Gemini CLI: its hook JSON → ToolCalls and Facts.

Source: payloads recorded from version 0.61.0. They have Claude Code's field names and events of
their own; no call has an id. Model events hold the whole conversation: `install` does not
register them, and if they come, only the length and digest of it is kept.
"""

import re
from collections.abc import Mapping
from typing import Any

from agentaudit_hook.agents.answers import in_json
from agentaudit_hook.agents.contents import clean, message_of
from agentaudit_hook.agents.event import Event, Ways, text_of
from agentaudit_hook.agents.hearing import Reader, ended, hear, request, session_end, turn_end
from agentaudit_hook.agents.shape import End, Heard, Told, failure
from agentaudit_processor.actions import MCP_PREFIX
from agentaudit_processor.model import Action, EventKind, Outcome

NAME = "gemini-cli"
SHELL = "run_shell_command"

_TAIL_CHARS = 1000
_EXIT_CODE = re.compile(
    r"\nExit Code: (\d{1,9})"
    r"(?:\nSignal: [^\n]*)?(?:\nBackground PIDs: [^\n]*)?(?:\nProcess Group PGID: \d+)?"
    r"(?:\n</untrusted_context>)?\s*\Z"
)
"""The lines that Gemini CLI puts below a command's output; absent when the command succeeded."""
_CANCELLED = {
    "Command was cancelled by user": "interrupted",
    "Command was automatically cancelled": "timeout",
}
_OF_THE_SESSION = (
    "AfterAgent",
    "BeforeModel",
    "AfterModel",
    "BeforeToolSelection",
    "PreCompress",
)


def parse(told: Told) -> Heard:
    """What one hook event tells."""
    return hear(told, WAYS, _READERS, _with_server)


def deny(reason: str) -> bytes:
    """What makes Gemini CLI refuse the call and show the model `reason`."""
    return in_json({"decision": "deny", "reason": reason})


def ask(reason: str) -> bytes:
    """What makes Gemini CLI ask its user, with `reason`; without one it cancels the call."""
    return in_json({"decision": "ask", "reason": reason, "systemMessage": reason})


def _with_server(payload: dict[str, Any]) -> dict[str, Any]:
    """Name an MCP server's tool as other agents do: in `mcp_a_b_c` nothing parts the names."""
    context = payload.get("mcp_context")
    if not isinstance(context, dict):
        return payload
    server, tool = text_of(context.get("server_name")), text_of(context.get("tool_name"))
    if not server or not tool:
        return payload
    return payload | {"tool_name": f"{MCP_PREFIX}{server}__{tool}"}


def _ended(event: Event) -> Heard:
    return ended(event, _end(event.text("tool_name"), event.payload.get("tool_response")))


def _end(tool_name: str | None, response: object) -> End:
    """How it went, by what the model was shown.

    A command that prints such lines itself can make its success look like a failure, not the
    other way round.
    """
    if not isinstance(response, dict):
        return End(outcome=Outcome.SUCCESS)
    shown = response.get("llmContent")
    if tool_name == SHELL and isinstance(shown, str):
        head = shown.removeprefix("<untrusted_context>").lstrip()[:_TAIL_CHARS]
        for words, error_type in _CANCELLED.items():
            if head.startswith(words):
                return failure(error_type, clean(head.partition(" Below is the output")[0]))
        if found := _EXIT_CODE.search(shown[-_TAIL_CHARS:]):
            return failure("tool_error", f"Exit code {found[1]}", int(found[1]))
    error = response.get("error")
    if not error:
        return End(outcome=Outcome.SUCCESS)
    told = error.get("message", error) if isinstance(error, dict) else error
    return failure("tool_error", message_of(told))


_READERS: dict[str, Reader] = {
    "BeforeTool": request,
    "AfterTool": _ended,
    "AfterAgent": turn_end,
    "SessionEnd": session_end,
}


def _version(_: Mapping[str, str]) -> str | None:
    """No hook is told."""
    return None


WAYS = Ways(
    agent_name=NAME,
    version_of=_version,
    event_of_verb={
        "pre": "BeforeTool",
        "post": "AfterTool",
        "session-start": "SessionStart",
        "session-end": "SessionEnd",
        "prompt": "BeforeAgent",
        "stop": "AfterAgent",
    },
    kinds={
        "SessionStart": (EventKind.SESSION, Action.SESSION_START),
        "SessionEnd": (EventKind.SESSION, Action.SESSION_END),
        "BeforeAgent": (EventKind.PROMPT, Action.USER_PROMPT),
        "Notification": (EventKind.PERMISSION, Action.PERMISSION),
        **dict.fromkeys(_OF_THE_SESSION, (EventKind.SESSION, Action.OTHER)),
    },
    prose=frozenset(("prompt", "prompt_response", "llm_request", "llm_response")),
    session_variable="GEMINI_SESSION_ID",
)
