"""What kind of thing a tool does, by its name."""

import pytest

from agentaudit_processor import actions
from agentaudit_processor.actions import action_of, split_mcp_name
from agentaudit_processor.model import Action


@pytest.mark.parametrize(
    ("agent", "tool_name", "action"),
    [
        ("claude", "Bash", Action.SHELL_COMMAND),
        ("claude", "Read", Action.FILE_READ),
        ("claude", "Write", Action.FILE_WRITE),
        ("claude", "Edit", Action.FILE_EDIT),
        ("claude", "NotebookEdit", Action.FILE_EDIT),
        ("claude", "Grep", Action.FILE_SEARCH),
        ("claude", "Glob", Action.FILE_SEARCH),
        ("claude", "WebFetch", Action.WEB_FETCH),
        ("claude", "WebSearch", Action.WEB_SEARCH),
        ("claude", "Agent", Action.SUB_AGENT_SPAWN),
        ("claude", "Task", Action.SUB_AGENT_SPAWN),
        ("claude", "Skill", Action.SKILL_USE),
        ("claude", "TodoWrite", Action.TODO_UPDATE),
        ("claude", "TaskCreate", Action.TODO_UPDATE),
        ("claude", "ToolSearch", Action.OTHER),
        ("codex", "exec_command", Action.SHELL_COMMAND),
        ("codex", "apply_patch", Action.FILE_EDIT),
        ("codex", "update_plan", Action.TODO_UPDATE),
        ("codex", "view_image", Action.FILE_READ),
        ("gemini", "run_shell_command", Action.SHELL_COMMAND),
        ("gemini", "write_file", Action.FILE_WRITE),
        ("gemini", "replace", Action.FILE_EDIT),
        ("gemini", "google_web_search", Action.WEB_SEARCH),
        ("copilot", "bash", Action.SHELL_COMMAND),
        ("copilot", "create", Action.FILE_WRITE),
        ("copilot", "view", Action.FILE_READ),
        ("copilot", "edit", Action.FILE_EDIT),
        ("copilot", "rg", Action.FILE_SEARCH),
        ("vscode", "readFile", Action.FILE_READ),
        ("none", "save_the_whales", Action.OTHER),
        ("none", "", Action.OTHER),
    ],
)
def test_a_tool_name_tells_the_action(agent: str, tool_name: str, action: Action) -> None:
    assert action_of(tool_name) == action


@pytest.mark.parametrize(
    ("tool_name", "server"), [("Bash", "shellserver"), ("mcp__notes__save_note", None)]
)
def test_a_tool_of_an_mcp_server_is_connector_access_whatever_its_name(
    tool_name: str, server: str | None
) -> None:
    assert action_of(tool_name, server) == Action.CONNECTOR_ACCESS


@pytest.mark.parametrize(
    ("tool_name", "parts"),
    [
        ("mcp__notes__save_note", ("save_note", "notes")),
        ("mcp__a__b__c", ("b__c", "a")),
        ("mcp__notes__", ("mcp__notes__", None)),
        ("mcp____x", ("mcp____x", None)),
        ("Bash", ("Bash", None)),
    ],
)
def test_an_mcp_name_is_parted_at_the_first_separator(
    tool_name: str, parts: tuple[str, str | None]
) -> None:
    assert split_mcp_name(tool_name) == parts


def test_no_tool_name_is_listed_under_two_actions() -> None:
    folded = [actions._folded(name) for names in actions._TOOLS.values() for name in names.split()]

    assert len(folded) == len(set(folded))
