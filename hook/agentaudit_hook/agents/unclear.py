"""Whether a payload says for sure which call is about to run: what is not told cannot be judged.

Agents give a tool's name as text and its input as an object of named fields. Anything else is a
version that this one does not know, or nonsense; it is recorded as it came, and where calls that
cannot be judged are refused, it is refused.
"""

from collections.abc import Mapping
from typing import Any

from agentaudit_processor.actions import action_of
from agentaudit_processor.model import Action

_TEXTS = ("command", "cmd", "shell_command", "file_path", "path", "filePath", "url")
"""Fields of agents' own tools that hold text, or the words of a command line."""
_NEED_INPUT = (Action.SHELL_COMMAND, Action.FILE_WRITE, Action.FILE_EDIT)
_OF_OTHERS = (Action.CONNECTOR_ACCESS, Action.OTHER)
"""Tools of which nobody here knows what they take: an MCP server's `path` may be numbers."""


def is_unclear(said: Mapping[str, Any]) -> bool:
    """Whether `said` leaves open which tool is to run on what.

    Args:
        said: a payload with the field names that `Event` reads.
    """
    tool_name, given = said.get("tool_name"), said.get("tool_input")
    if not (isinstance(tool_name, str) and tool_name.strip()):
        return True
    action = action_of(tool_name)
    if not given:
        return given not in (None, {}) or action in _NEED_INPUT
    if not isinstance(given, dict):
        return True
    if action in _OF_OTHERS:
        return False
    return not all(_is_text(given[name]) for name in _TEXTS if name in given)


def _is_text(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(word, str) for word in value)
    return value is None or isinstance(value, str)
