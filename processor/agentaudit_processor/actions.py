"""Tool name → Action: what kind of thing a tool of a known agent does.

Names as Claude Code 2.1, Codex CLI 0.169, Gemini CLI 0.61, Copilot CLI 1.0, VS Code Copilot Chat,
Qwen Code and opencode write them, in hook JSON and in telemetry. A new agent's tool is one word in
`_TOOLS`.
"""

from agentaudit_processor.model import Action

MCP_PREFIX = "mcp__"
"""`mcp__<server>__<tool>` is how Claude Code, Codex and their kin name a tool of an MCP server."""

_TOOLS: dict[Action, str] = {
    Action.SHELL_COMMAND: """
        Bash BashOutput KillBash KillShell PowerShell Monitor
        shell local_shell shell_command exec exec_command container.exec unified_exec write_stdin
        run_shell_command write_bash read_bash stop_bash write_powershell read_powershell
        stop_powershell run_in_terminal get_terminal_output execute_command run_terminal_cmd
        run_command terminal js_repl
    """,
    Action.FILE_READ: """
        Read NotebookRead read_file read_many_files view view_image read_notebook_cell_output
        get_errors
    """,
    Action.FILE_WRITE: "Write write_file create create_file create_new_jupyter_notebook save_file",
    Action.FILE_EDIT: """
        Edit MultiEdit NotebookEdit replace apply_patch patch str_replace_editor
        str_replace_based_edit_tool edit_file edit_notebook edit_notebook_file search_replace
        replace_string_in_file multi_replace_string_in_file insert_edit_into_file delete_file
    """,
    Action.FILE_SEARCH: """
        Glob Grep LS LSP list rg list_dir list_directory list_files grep_files search_file_content
        grep_search file_search find_files semantic_search codebase_search search_files
        list_code_usages
    """,
    Action.WEB_FETCH: "WebFetch fetch fetch_webpage open_simple_browser read_url",
    Action.WEB_SEARCH: "WebSearch google_web_search",
    Action.CONNECTOR_ACCESS: """
        ListMcpResourcesTool ReadMcpResourceTool ReadMcpResourceDirTool list_mcp_resources
        list_mcp_resource_templates read_mcp_resource
    """,
    Action.SUB_AGENT_SPAWN: """
        Agent Task Workflow spawn_agent send_input SendMessage codebase_investigator delegate_task
        run_subagent subagent
    """,
    Action.SKILL_USE: "Skill SlashCommand activate_skill load_skill use_skill",
    Action.TODO_UPDATE: """
        TodoWrite TodoRead TaskCreate TaskUpdate TaskList TaskGet update_plan write_todos
        update_todo manage_todo_list todo
    """,
}


def action_of(tool_name: str, mcp_server: str | None = None) -> Action:
    """The Action of a tool, by its name alone; `other` for a name that is not known.

    Case, `_`, `-`, `.` and blanks do not count: `TodoWrite` is `todo_write`.

    Args:
        tool_name: as the agent writes it; may carry the `mcp__server__` prefix.
        mcp_server: the MCP server's name, if the tool is one's; then the name says nothing.
    """
    if mcp_server or tool_name.startswith(MCP_PREFIX):
        return Action.CONNECTOR_ACCESS
    return _BY_NAME.get(_folded(tool_name), Action.OTHER)


def split_mcp_name(tool_name: str) -> tuple[str, str | None]:
    """Bare tool name and MCP server: `mcp__notes__save_note` → `("save_note", "notes")`.

    The first `__` after the prefix parts them. A name of another form comes back whole, with None.
    """
    if not tool_name.startswith(MCP_PREFIX):
        return tool_name, None
    server, separator, bare = tool_name.removeprefix(MCP_PREFIX).partition("__")
    return (bare, server) if separator and server and bare else (tool_name, None)


def _folded(tool_name: str) -> str:
    return tool_name.casefold().translate(_NOT_COUNTED)


_NOT_COUNTED = str.maketrans("", "", "_-. ")
_BY_NAME = {_folded(name): action for action, names in _TOOLS.items() for name in names.split()}
