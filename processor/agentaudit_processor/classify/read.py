"""From an Activity to its Deeds: commands parsed, files and hosts named by tools, SQL and code."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, islice
from typing import Any

import re2

from agentaudit_processor.classify import sql
from agentaudit_processor.classify.code import read_code, without_commentary
from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind
from agentaudit_processor.classify.guards_lost import losses
from agentaudit_processor.classify.named_tools import access_of, moved, told_lines
from agentaudit_processor.classify.paths import clean, scope_of
from agentaudit_processor.classify.powershell import (
    looks_like_cmd,
    looks_like_powershell,
    read_cmd,
    read_powershell,
)
from agentaudit_processor.classify.sequence import sequences
from agentaudit_processor.classify.shell import read_shell
from agentaudit_processor.classify.shell.items import SHELLS
from agentaudit_processor.classify.store_tools import client_lines, is_seeking
from agentaudit_processor.model import Action, Activity, Fact, Json, ToolCall

_COMMANDS = ("command", "cmd", "shell_command", "commands", "cli_command", "command_line")
_ARGUMENTS = ("args", "arguments")
_ENVELOPES = (*_ARGUMENTS, "params", "parameters", "input", "kwargs", "payload")
"""Fields in which a tool takes another one's arguments, as an object or as JSON."""
_PATHS = ("file_path", "path", "notebook_path", "filePath", "filename", "file", "target_file")
_SQL = ("sql", "statement", "sql_query", "statements")
_STATEMENTS = (*_SQL, "query", "queries")
_PROGRAMS = ("code", "script", "python_code", "source_code")
_LANGUAGES = ("language", "lang", "interpreter", "shell")
_LOOKED_AT = 4096
_MAX_LEVELS = 12
_MAX_OBJECTS = 5_000
_MAX_TEXTS = 50
_TOO_MANY = Deed(kind=DeedKind.UNREAD, text="The call gives more commands than are read")
_OF_SERVERS = frozenset((Action.CONNECTOR_ACCESS, Action.OTHER))
"""Tools that name and nest their fields as they like."""
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
    if len(read) > MAX_DEEDS:
        read[MAX_DEEDS - 1 :] = [_TOO_MANY]
    return (*read, *sequences(read), *losses(activity, read))


def deeds_of_program(text: str, language: str, cwd: str | None) -> Iterator[Deed]:
    """What a program does when it runs: of a shell (`shell`, `image`) or in another language."""
    if language in ("shell", "image"):
        first = read_shell(text, cwd)
    else:
        first = (Deed(kind=DeedKind.CODE, text=text, verb=language),)
    yield from islice((deed for one in first for deed in _deeper(one, cwd)), MAX_DEEDS)


def _first_deeds(call: ToolCall) -> Iterator[Deed]:
    arguments, cwd = call.arguments, call.cwd
    if call.action in _FILE_ACCESS:
        for path in _texts(arguments, _PATHS):
            yield _touch(_FILE_ACCESS[call.action], path, cwd)
        if call.action is Action.FILE_SEARCH:
            yield from (_touch(Access.READ, glob, cwd) for glob in _texts(arguments, ("glob",)))
        return
    if call.action in (Action.WEB_FETCH, Action.WEB_SEARCH):
        yield from _visits(call, ("url", "uri"))
        return
    if call.action in _WITHOUT_DEEDS:
        return
    given = _levels(arguments) if call.action in _OF_SERVERS else (arguments,)
    scripts = chain.from_iterable(map(_scripts, given))
    for command in islice(scripts, _MAX_TEXTS):
        yield from _commanded(call, command)
    if next(scripts, None) is not None:
        yield _TOO_MANY
    if call.action is Action.SHELL_COMMAND:
        return
    told = chain(client_lines(call), told_lines(call))
    yield from (Deed(kind=DeedKind.COMMAND, text=line) for line in told)
    yield from (_touch(access, path, cwd) for access, path in moved(call))
    seeks, access = is_seeking(call), access_of(call)
    deeds = (
        deed
        for fields in _levels(arguments)
        for deed in _given(fields, cwd, seeks=seeks, access=access)
    )
    yield from islice(deeds, MAX_DEEDS + 1)
    yield from _visits(call, ("url", "uri", "endpoint"))


def _given(
    fields: Mapping[str, Json], cwd: str | None, *, seeks: bool, access: Access
) -> Iterator[Deed]:
    """Statements, programs and paths that a tool is given in fields of their usual names."""
    for statement in _texts(fields, _SQL if seeks else _STATEMENTS):
        if sql.looks_like_sql(statement):
            yield Deed(kind=DeedKind.SQL, text=statement)
    for program in _texts(fields, _PROGRAMS):
        yield from _programmed(program, _language(fields), cwd)
    for path in _texts(fields, _PATHS):
        yield _touch(access, path, cwd)


def _levels(arguments: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """`arguments` and the objects in them, the outer ones first: `{"params": {"sql": …}}`."""
    level: list[Mapping[str, Json]] = [arguments]
    left = _MAX_OBJECTS
    for _ in range(_MAX_LEVELS):
        level = level[:left]
        yield from level
        left -= len(level)
        level = [inner for fields in level for inner in islice(_objects_in(fields), left)]


def _objects_in(fields: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for name, given in islice(fields.items(), _MAX_OBJECTS):
        value = _opened(given) if name in _ENVELOPES and isinstance(given, str) else given
        for one in value[:_MAX_OBJECTS] if isinstance(value, list) else (value,):
            if isinstance(one, dict):
                yield one


def _opened(text: str) -> Json:
    """The object that JSON in a field for arguments tells; other text as it is."""
    if not text[:16].lstrip().startswith("{"):
        return text
    try:
        opened: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return opened


def _visits(call: ToolCall, names: Sequence[str]) -> Iterator[Deed]:
    for url in _texts(call.arguments, names):
        if url[:7].lower() == "file://":  # a file of this machine, whatever the field is called
            yield _touch(Access.READ, url[7:], call.cwd)
        else:
            yield Deed(kind=DeedKind.VISIT, text=url, verb="get")


def _language(arguments: Mapping[str, Json]) -> str:
    """The language that a tool is told its program is in; empty where it is not."""
    told = next((arguments[name] for name in _LANGUAGES if name in arguments), "")
    return told.lower() if isinstance(told, str) else ""


def _programmed(program: str, language: str, cwd: str | None) -> Iterator[Deed]:
    """A program that a tool is given: for a shell, or in another language."""
    if language in ("powershell", "pwsh", "ps1"):
        yield Deed(kind=DeedKind.CODE, text=program, verb="powershell")
        return
    if not language or language == "python":  # of a notebook's cell: `!command`
        for line in program[:_LOOKED_AT].split("\n"):
            if line[:1] == "!" and line[1:2].isalpha():
                yield from read_shell(line[1:], cwd)
    if language in SHELLS or (not language and not _looks_like_code(program)):
        yield from read_shell(program, cwd)
    if language not in SHELLS:
        yield Deed(kind=DeedKind.CODE, text=program, verb=language or "python")


def _looks_like_code(program: str) -> bool:
    """Tell whether a program has the signs of another language than a shell's."""
    return _code().search(program[:_LOOKED_AT].encode("utf-8", "replace")) is not None


def _is_shell_line(program: str) -> bool:
    """Tell whether a program is one line of a shell's: `ruby -e "rm -rf /"` is meant as that."""
    found = _shell_line().search(program[:_LOOKED_AT].encode("utf-8", "replace"))
    return found is not None and not _looks_like_code(program)


@cache
def _shell_line() -> Any:
    return re2.compile(rb"^\s*(?:sudo )?[a-z][a-z0-9.]* --?[A-Za-z][\w-]*(?: [^\n]*)?$")


@cache
def _code() -> Any:
    return re2.compile(
        rb"(?m)^\s*(?:import|from|def|class|const|let|var|async|await|return|package|use|using|fn|func"
        rb"|my|our|require|print|puts|public|try|with|@\w+|//|<\?php)\b|[A-Za-z_]\w*\(|=>|^\s*\w+\s+=\s|;\s*$"
    )


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
    if deed.kind is DeedKind.CODE:
        deed = replace(deed, text=without_commentary(deed.text, deed.verb))
    yield deed
    if deed.kind is DeedKind.CODE and deed.verb in _OF_WINDOWS:
        for inner in _OF_WINDOWS[deed.verb](deed.text, cwd):
            yield from _deeper(inner, cwd)
    elif deed.kind is DeedKind.CODE:
        if _is_shell_line(deed.text):
            yield from read_shell(deed.text, cwd)
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
            yield from (item for item in value[: MAX_DEEDS + 1] if isinstance(item, str) and item)


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
