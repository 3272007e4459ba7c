"""From an Activity to its Deeds: commands parsed, files and hosts named by tools, SQL and code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from agentaudit_processor.classify import sql
from agentaudit_processor.classify.code import read_code
from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind
from agentaudit_processor.classify.paths import clean, scope_of
from agentaudit_processor.classify.powershell import (
    looks_like_cmd,
    looks_like_powershell,
    read_cmd,
    read_powershell,
)
from agentaudit_processor.classify.sequence import sequences
from agentaudit_processor.classify.shell import read_shell
from agentaudit_processor.model import Action, Activity, Fact, Json, ToolCall

_COMMANDS = ("command", "cmd", "shell_command", "commands")
_ARGUMENTS = ("args", "arguments")
_PATHS = ("file_path", "path", "notebook_path", "filePath", "filename", "file", "target_file")
_STATEMENTS = ("sql", "query", "statement", "sql_query")
_PROGRAMS = ("code", "script", "python_code", "source_code")
_FILE_ACCESS = {
    Action.FILE_READ: Access.READ,
    Action.FILE_WRITE: Access.WRITE,
    Action.FILE_EDIT: Access.WRITE,
    Action.FILE_SEARCH: Access.READ,
}


def deeds_of(activity: Activity) -> tuple[Deed, ...]:
    """What the Activity does, as far as its input tells."""
    if isinstance(activity, Fact):
        path = activity.data.get("file_path")
        if activity.action is Action.CONFIG_CHANGE and isinstance(path, str):
            return (_touch(Access.WRITE, path, activity.cwd),)
        return ()
    read = [deed for first in _first_deeds(activity) for deed in _deeper(first, activity.cwd)]
    return (*read[:MAX_DEEDS], *sequences(read))


def _first_deeds(call: ToolCall) -> Iterator[Deed]:  # noqa: PLR0912  one branch a kind of argument
    arguments, cwd = call.arguments, call.cwd
    if call.action in _FILE_ACCESS:
        for path in _texts(arguments, _PATHS):
            yield _touch(_FILE_ACCESS[call.action], path, cwd)
        if call.action is Action.FILE_SEARCH:
            yield from (_touch(Access.READ, glob, cwd) for glob in _texts(arguments, ("glob",)))
        return
    if call.action in (Action.WEB_FETCH, Action.WEB_SEARCH):
        for url in _texts(arguments, ("url", "uri")):
            yield Deed(kind=DeedKind.VISIT, text=url, verb="get")
        return
    if call.action in _WITHOUT_DEEDS:
        return
    for command in _scripts(arguments):
        yield from _commanded(call, command)
    if call.action is Action.SHELL_COMMAND:
        return
    for statement in _texts(arguments, _STATEMENTS):
        if sql.looks_like_sql(statement):
            yield Deed(kind=DeedKind.SQL, text=statement)
    for program in _texts(arguments, _PROGRAMS):
        yield Deed(kind=DeedKind.CODE, text=program, verb="python")
    for path in _texts(arguments, _PATHS):
        yield _touch(Access.USE, path, cwd)
    for url in _texts(arguments, ("url", "uri", "endpoint")):
        yield Deed(kind=DeedKind.VISIT, text=url, verb="get")


def _commanded(call: ToolCall, command: str) -> Iterator[Deed]:
    """A command, in the language of the tool that is given it, or the one that it is written in."""
    tool = call.tool_name.lower()
    if "powershell" in tool or "pwsh" in tool:
        yield Deed(kind=DeedKind.CODE, text=command, verb="powershell")
        return
    known = read_shell(command, call.cwd)
    yield from known
    # agents on Windows give their shell tool whatever shell the machine has
    if any(deed.verb == "powershell" for deed in known):
        return
    if looks_like_powershell(command):
        yield Deed(kind=DeedKind.CODE, text=command, verb="powershell")
    elif looks_like_cmd(command):
        yield from (deed for deed in read_cmd(command, call.cwd) if deed not in known)


_OF_WINDOWS: Mapping[str, Callable[[str, str | None], Sequence[Deed]]] = {
    "powershell": read_powershell,
    "cmd": read_cmd,
}
_WITHOUT_DEEDS = frozenset((Action.SUB_AGENT_SPAWN, Action.TODO_UPDATE, Action.SKILL_USE))


def _deeper(deed: Deed, cwd: str | None) -> Iterator[Deed]:
    """`deed`, SQL split into statements, and what code does in turn."""
    if not deed.text.isascii():  # RE2 takes no lone surrogate, which `$'\\ud800'` makes
        deed = replace(deed, text=deed.text.encode("utf-8", "replace").decode())
    if deed.kind is DeedKind.SQL:
        for verb, statement in sql.statements(deed.text):
            yield replace(deed, verb=verb, text=statement)
        return
    yield deed
    if deed.kind is DeedKind.CODE and deed.verb in _OF_WINDOWS:
        for inner in _OF_WINDOWS[deed.verb](deed.text, cwd):
            yield from _deeper(inner, cwd)
    elif deed.kind is DeedKind.CODE:
        for inner in read_code(deed.text, cwd):
            yield from _deeper(inner, cwd)


def _touch(access: Access, path: str, cwd: str | None) -> Deed:
    cleaned = clean(path, cwd)
    return Deed(kind=DeedKind.TOUCH, text=cleaned, access=access, scope=scope_of(cleaned, cwd))


def _texts(arguments: Mapping[str, Json], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        value = arguments.get(name)
        if isinstance(value, str) and value:
            yield value
        elif isinstance(value, list):
            yield from (item for item in value[:50] if isinstance(item, str) and item)


def _scripts(arguments: Mapping[str, Json]) -> Iterator[str]:
    for name in _COMMANDS:
        value = arguments.get(name)
        if isinstance(value, str) and value:
            yield value
            for more in _ARGUMENTS:  # program and arguments in fields of their own
                if words := _words(arguments.get(more)):
                    yield _quoted([value, *words])
        elif words := _words(value):
            yield _quoted(words)
            if name == "commands":
                yield from words
    if words := _words(arguments.get("argv")):
        yield _quoted(words)


def _words(value: Json) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _quoted(words: Sequence[str]) -> str:
    """`words` as one command line (Codex and others give argv)."""
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
