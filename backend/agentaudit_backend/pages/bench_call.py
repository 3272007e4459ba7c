"""What somebody types on the test bench, as a call that nobody made."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.store.values import to_nanoseconds
from agentaudit_backend.store.views import EventDetail
from agentaudit_processor.actions import action_of
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Action, Actor, Phase, ToolCall

JSON: Final = "json"
KINDS: Final = {
    "command": "A command",
    "read": "A file that is read",
    "write": "A file that is written",
    "fetch": "An address that is fetched",
    JSON: "A tool call, as a hook's JSON",
}
_WHAT: Final = {
    "command": ("Bash", "command"),
    "read": ("Read", "file_path"),
    "write": ("Write", "file_path"),
    "fetch": ("WebFetch", "url"),
}
_FOLDER = "/home/alice/project"
_TOOL = ("tool_name", "toolName", "tool", "name")
_INPUT = ("tool_input", "toolArgs", "arguments", "input")
"""What agents call the two; the first is that of Claude Code, Codex and Gemini CLI."""


def call_of(kind: str, text: str, now: datetime) -> ToolCall:
    """The call.

    Raises:
        BadQuery: there is no such kind, or the JSON tells of no call.
    """
    if kind not in KINDS:
        raise BadQuery("kind", f"expected one of {', '.join(KINDS)}")
    if kind != JSON:
        tool, field = _WHAT[kind]
        return _call(tool, action_of(tool), {field: text}, _FOLDER, now)
    told = _object(text)
    tool = str(_first(told, _TOOL, ""))
    if not tool:
        raise BadQuery("text", f"it names no tool; one of {', '.join(_TOOL)} does")
    arguments = _first(told, _INPUT, {})
    if isinstance(arguments, str):  # Copilot CLI writes JSON in JSON
        arguments = _object(arguments)
    if not isinstance(arguments, dict):
        raise BadQuery("text", "the tool's input is no JSON object")
    return _call(tool, action_of(tool), arguments, str(told.get("cwd") or _FOLDER), now)


def json_of(event: EventDetail) -> str:
    """A stored call, as it was kept, in the form that `call_of` reads."""
    told = {"tool_name": event.row.tool, "tool_input": event.arguments or {}, "cwd": event.cwd}
    return json.dumps(told, indent=2, ensure_ascii=False)


def _call(
    tool: str, action: Action, arguments: Mapping[str, Any], cwd: str, now: datetime
) -> ToolCall:
    return ToolCall(
        session_id="test",
        call_id="test",
        tool_name=tool,
        action=action,
        actor=Actor(agent_name="claude-code"),
        phase=Phase.REQUESTED,
        trace_id=trace_id_of("test"),
        span_id=span_id_of("test", "test"),
        arguments=arguments,
        started_ns=to_nanoseconds(now),
        cwd=cwd,
    )


def _object(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError as wrong:
        raise BadQuery("text", f"no JSON: {wrong}") from None
    except RecursionError:
        raise BadQuery("text", "no JSON that could be read: it is nested too deep") from None
    if not isinstance(told, dict):
        raise BadQuery("text", "expected a JSON object")
    return told


def _first(told: Mapping[str, Any], names: tuple[str, ...], otherwise: Any) -> Any:
    return next((told[name] for name in names if told.get(name)), otherwise)
