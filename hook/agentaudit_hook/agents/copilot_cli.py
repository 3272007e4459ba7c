"""GitHub Copilot CLI: its hook JSON → ToolCalls and Facts.

Source: payloads recorded from version 1.0.102. Fields are in camelCase; neither the event's name
nor a call's id is told, so that the command line names the event. The trace that Copilot's own
telemetry writes stands in the payload.
"""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agentaudit_hook.agents.contents import Fitter, Unreadable, clean, read_object
from agentaudit_hook.agents.event import Event, Ways
from agentaudit_hook.agents.hearing import Reader, hear, request, session_end, turn_end
from agentaudit_hook.agents.shape import Heard, Told
from agentaudit_processor.model import Action, EventKind, Json, Outcome

NAME = "copilot-cli"
SHELLS = ("bash", "powershell")
MAX_ERROR_CHARS = 32 * 1024

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
    answer = {"permissionDecision": "deny", "permissionDecisionReason": reason}
    return json.dumps(answer).encode() + b"\n"


def _renamed(payload: dict[str, Any]) -> dict[str, Any]:
    told = {_NAMES.get(key, key): value for key, value in payload.items()}
    arguments = told.get("tool_input")
    if isinstance(arguments, str):  # JSON in JSON, as older versions wrote it
        with contextlib.suppress(Unreadable):
            told["tool_input"] = read_object(arguments.encode("utf-8", "replace"))
    return told


def _ended(event: Event) -> Heard:
    response = event.payload.get("tool_response")
    fitter = Fitter()
    error_type, message, exit_code = _failure(event.text("tool_name"), response)
    call = event.ended(
        event.payload,
        result=fitter.fit(response),
        outcome=Outcome.FAILURE if error_type else Outcome.SUCCESS,
        error_type=error_type,
        error_message=message,
        exit_code=exit_code,
    )
    call = replace(call, truncated=call.truncated or fitter.truncated)
    return Heard(event_name=event.name, ended=(call,))


def _failure(tool_name: str | None, response: Json) -> tuple[str | None, str | None, int | None]:
    """Error type, message and exit code; all None for a success.

    A command that exits with 3 is a success to Copilot, which means that the tool did its work.
    """
    if not isinstance(response, dict):
        return None, None, None
    shown = response.get("textResultForLlm")
    text = clean(shown) if isinstance(shown, str) else ""
    found = _EXIT_CODE.search(text[-200:]) if tool_name in SHELLS else None
    if found and int(found[1]):
        return "tool_error", f"Exit code {found[1]}", int(found[1])
    kind = response.get("resultType")
    if kind in ("success", None):
        return None, None, int(found[1]) if found else None
    error_type = "permission_denied" if kind in _DENIED else "tool_error"
    return error_type, text[:MAX_ERROR_CHARS] or str(kind), None


def _failed(event: Event) -> Heard:
    error = event.payload.get("error")
    told = error.get("message", error) if isinstance(error, dict) else error
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    call = event.ended(
        event.payload,
        outcome=Outcome.FAILURE,
        error_type="tool_error",
        error_message=clean(text)[:MAX_ERROR_CHARS] if error else None,
    )
    truncated = call.truncated or len(text) > MAX_ERROR_CHARS
    return Heard(event_name=event.name, ended=(replace(call, truncated=truncated),))


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
