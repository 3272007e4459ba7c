"""GitHub Copilot CLI: its hook JSON → ToolCalls and Facts.

Source: payloads recorded from version 1.0.102. Fields are in camelCase; neither the event's name
nor a call's id is told, so that the command line names the event. The trace that Copilot's own
telemetry writes stands in the payload.
"""

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from agentaudit_hook.agents.answers import in_json
from agentaudit_hook.agents.contents import Unreadable, clean, message_of, read_object
from agentaudit_hook.agents.event import Event, Ways
from agentaudit_hook.agents.hearing import Reader, ended, hear, request, session_end, turn_end
from agentaudit_hook.agents.shape import End, Heard, Told, failure
from agentaudit_processor.model import Action, EventKind, Json, Outcome

NAME = "copilot-cli"
SHELLS = ("bash", "powershell")

_NAMES = {
    "sessionId": "session_id",
    "hookName": "hook_event_name",
    "transcriptPath": "transcript_path",
    "toolName": "tool_name",
    "toolArgs": "tool_input",
    "toolInput": "tool_input",
    "toolResult": "tool_response",
}
_EXIT_CODE = re.compile(r"<shellId: \S{1,64} completed with exit code (\d{1,9})>\s*\Z")
"""The line that Copilot CLI puts below a command's output."""
_DENIED = ("denied", "rejected")
_OF_THE_SESSION = """
    agentStop subagentStart subagentStop errorOccurred preCompact notification
"""


def parse(told: Told) -> Heard:
    """What one hook event tells."""
    return hear(told, WAYS, _READERS, _renamed)


def deny(reason: str) -> bytes:
    """What makes Copilot CLI refuse the call and show the model `reason`."""
    return in_json({"permissionDecision": "deny", "permissionDecisionReason": reason})


def ask(reason: str) -> bytes:
    """What makes Copilot CLI ask its user, with `reason`; without one it refuses the call."""
    return in_json({"permissionDecision": "ask", "permissionDecisionReason": reason})


def show(result: Json) -> bytes:
    """What makes Copilot CLI show the model `result`, of the shape of its `toolResult`."""
    return in_json({"modifiedResult": result})


def _renamed(payload: dict[str, Any]) -> dict[str, Any]:
    told = {_NAMES.get(key, key): value for key, value in payload.items()}
    arguments = told.get("tool_input")
    if isinstance(arguments, str):  # JSON in JSON, as older versions wrote it
        with contextlib.suppress(Unreadable):
            told["tool_input"] = read_object(arguments.encode("utf-8", "replace"))
    return told


def _ended(event: Event) -> Heard:
    return ended(event, _end(event.text("tool_name"), event.payload.get("tool_response")))


def _end(tool_name: str | None, response: object) -> End:
    """How it went, by what the model was shown.

    A command that exits with 3 is a success to Copilot, which means that the tool did its work.
    """
    if not isinstance(response, dict):
        return End(outcome=Outcome.SUCCESS)
    shown = response.get("textResultForLlm")
    text = clean(shown) if isinstance(shown, str) else ""
    found = _EXIT_CODE.search(text[-200:]) if tool_name in SHELLS else None
    if found and int(found[1]):
        return failure("tool_error", f"Exit code {found[1]}", int(found[1]))
    kind = response.get("resultType")
    if kind in ("success", None):
        return End(outcome=Outcome.SUCCESS, exit_code=int(found[1]) if found else None)
    return failure("permission_denied" if kind in _DENIED else "tool_error", text or str(kind))


def _failed(event: Event) -> Heard:
    error = event.payload.get("error")
    told = error.get("message", error) if isinstance(error, dict) else error
    return ended(event, failure("tool_error", message_of(told) if error else ""))


_READERS: dict[str, Reader] = {
    "preToolUse": request,
    "postToolUse": _ended,
    "postToolUseFailure": _failed,
    "agentStop": turn_end,
    "sessionEnd": session_end,
}


def _version(env: Mapping[str, str]) -> str | None:
    return env.get("COPILOT_CLI_BINARY_VERSION") or None


WAYS = Ways(
    agent_name=NAME,
    version_of=_version,
    event_of_verb={
        "pre": "preToolUse",
        "post": "postToolUse",
        "session-start": "sessionStart",
        "session-end": "sessionEnd",
        "prompt": "userPromptSubmitted",
        "stop": "agentStop",
    },
    kinds={
        "sessionStart": (EventKind.SESSION, Action.SESSION_START),
        "sessionEnd": (EventKind.SESSION, Action.SESSION_END),
        "userPromptSubmitted": (EventKind.PROMPT, Action.USER_PROMPT),
        "permissionRequest": (EventKind.PERMISSION, Action.PERMISSION),
        **dict.fromkeys(_OF_THE_SESSION.split(), (EventKind.SESSION, Action.OTHER)),
    },
    prose=frozenset(("prompt", "initialPrompt")),
)
