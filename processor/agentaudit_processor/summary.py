"""One line that tells a person what an Activity was: the command, the path, the address."""

from collections.abc import Mapping

from agentaudit_processor.model import Action, Activity, Fact, Json, ToolCall
from agentaudit_processor.redact import one_line

MAX_CHARS = 300
_MAIN_FIELDS = {
    Action.SHELL_COMMAND: ("command", "cmd", "shell_command", "script"),
    Action.FILE_READ: ("file_path", "path", "notebook_path", "filePath", "filename"),
    Action.FILE_WRITE: ("file_path", "path", "notebook_path", "filePath", "filename"),
    Action.FILE_EDIT: ("file_path", "path", "notebook_path", "filePath", "filename"),
    Action.FILE_SEARCH: ("pattern", "query", "glob", "path"),
    Action.WEB_FETCH: ("url", "uri"),
    Action.WEB_SEARCH: ("query", "q"),
    Action.SUB_AGENT_SPAWN: ("description", "prompt", "subagent_type"),
    Action.SKILL_USE: ("skill", "command", "name"),
}
_FILES = (Action.FILE_READ, Action.FILE_WRITE, Action.FILE_EDIT)
_MAX_VALUE_CHARS = 80
# Where a Fact came from, its name once more, and digests: kept with it, but no news to a person
# who reads a list.
_ASIDE = (
    "transcript_path",
    "agent_transcript_path",
    "claude_project_dir",
    "claude_code_entrypoint",
    "hook_event_name",
    "prompt_digest",
    "last_assistant_message_digest",
)


def summary_of(activity: Activity) -> str:
    """One line of at most 300 characters. `activity` is masked already; control characters and
    those that turn text round are spelt out.
    """
    if isinstance(activity, Fact):
        news = {name: value for name, value in activity.data.items() if name not in _ASIDE}
        return one_line(f"{activity.name} {_listed(news)}".strip(), MAX_CHARS)
    for name in _MAIN_FIELDS.get(activity.action, ()):
        value = activity.arguments.get(name)
        if isinstance(value, list):
            value = " ".join(str(word) for word in value[:50])
        if isinstance(value, str) and value.strip():
            return one_line(_told(activity, value), MAX_CHARS)
    tool = f"{activity.mcp_server}.{activity.tool_name}" if activity.mcp_server else None
    return one_line(f"{tool or activity.tool_name}({_listed(activity.arguments)})", MAX_CHARS)


def _told(call: ToolCall, value: str) -> str:
    if call.action in _FILES and call.cwd and value.startswith(call.cwd.rstrip("/") + "/"):
        return value[len(call.cwd.rstrip("/")) + 1 :]
    where = call.arguments.get("path")
    if call.action is Action.FILE_SEARCH and isinstance(where, str) and where != value:
        return f"{value} in {where}"
    return value


def _listed(values: Mapping[str, Json]) -> str:
    shown = []
    for name, value in list(values.items())[:8]:
        text = value if isinstance(value, str) else _shape(value)
        shown.append(f"{name[:40]}={one_line(text, _MAX_VALUE_CHARS)}")
    return ", ".join(shown)


def _shape(value: Json) -> str:
    if isinstance(value, list):
        return f"[{len(value)} items]"
    if isinstance(value, dict):
        return f"{{{', '.join(list(value)[:4])}}}"
    return str(value)[:_MAX_VALUE_CHARS]
