"""What a command line of cmd.exe executes: split at its separators, and read word by word.

Source: `cmd /?`, `del /?`, `rd /?`, `copy /?`, `for /?` of Windows 11.
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind
from agentaudit_processor.classify.paths import windows_path
from agentaudit_processor.classify.powershell import launch
from agentaudit_processor.classify.powershell.values import joined
from agentaudit_processor.classify.shell import read_shell
from agentaudit_processor.classify.shell.state import Shell
from agentaudit_processor.classify.tables import table

MAX_CHARS = 16 * 1024
_MAX_COMMANDS = 60
_MAX_WORDS = 80
_MAX_NESTED = 3
_VARIABLES = {
    "userprofile": "~", "homepath": "~", "temp": "$TEMP", "tmp": "$TMP",
    "systemroot": "C:\\Windows", "windir": "C:\\Windows", "systemdrive": "C:",
    "appdata": "~\\AppData\\Roaming",
    "localappdata": "~\\AppData\\Local", "programfiles": "C:\\Program Files", "cd": ".",
    "comspec": "cmd.exe", "programdata": "C:\\ProgramData",
}  # fmt: skip
_COPIES = table("copy xcopy robocopy move replace")
_READS = table("type more findstr find sort fc comp")
_KEYWORDS = table("call start else do")


@lru_cache(maxsize=128)
def read_cmd(line: str, cwd: str | None, nested: int = 0) -> tuple[Deed, ...]:
    """The Deeds of a command line, run in the absolute directory `cwd`; never raises."""
    base = windows_path(cwd) if cwd else None
    shell = Shell(base=base, cwd=base)
    text = _expanded(line[:MAX_CHARS].encode("utf-8", "replace").decode())
    pipelines = _split(text, _COMMANDS)
    if len(line) > MAX_CHARS or len(pipelines) > _MAX_COMMANDS:
        shell.unread("The command is too long to be read whole")
    for pipeline in pipelines:
        lines = [_run(words, shell, nested) for words in map(_words, _split(pipeline, _PIPES))]
        if len(lines) > 1:
            shell.add(DeedKind.PIPELINE, " | ".join(lines))
    return tuple(shell.deeds[:MAX_DEEDS])


def _run(words: list[str], shell: Shell, nested: int) -> str:
    words = _without_redirects(words, shell)
    words = _plain(words)
    if not words or words[0].lower() == "rem" or shell.is_full:
        return ""
    name = launch.program_of(words[0]).lower()
    line = joined([name, *words[1:]])
    inner = launch.started(name, words[1:], None)
    if inner is not None:
        shell.add(DeedKind.COMMAND, line)
        if nested < _MAX_NESTED and inner[1]:
            shell.deeds += _read_inner(inner, shell.cwd, nested)
    elif (touches := list(_touched(name, words[1:]))) or name in _BUILTIN:
        shell.add(DeedKind.COMMAND, line)
        for access, path in touches:
            shell.touch(access, windows_path(path))
    else:
        shell.deeds += read_shell(launch.quoted([name, *words[1:]]), shell.cwd)
    return line


def _read_inner(inner: tuple[str, str], cwd: str | None, nested: int) -> Sequence[Deed]:
    if inner[0] == "cmd":
        return read_cmd(inner[1], cwd, nested + 1)
    from agentaudit_processor.classify.powershell.reader import (  # noqa: PLC0415  each reads the other
        read_powershell,
    )

    return read_powershell(inner[1], cwd)


def _touched(name: str, words: Sequence[str]) -> Iterator[tuple[Access, str]]:
    switches = {word.lower() for word in words if word.startswith("/")}
    paths = [word for word in words if not word.startswith("/")]
    if name in ("del", "erase", "rd", "rmdir", "deltree"):
        whole = "/s" in switches or name == "deltree"
        yield from ((Access.DELETE_TREE if whole else Access.DELETE, path) for path in paths)
    elif name in _COPIES and paths:
        yield from ((Access.READ, path) for path in paths[:1])
        yield from ((Access.DELETE, path) for path in paths[:1] if name == "move")
        yield from ((Access.WRITE, path) for path in paths[1:2])
        if "/mir" in switches or "/purge" in switches:
            yield from ((Access.DELETE_FOUND, path) for path in paths[1:2])
    elif name in _READS:
        yield from ((Access.READ, path) for path in (paths[1:] if "find" in name else paths))


_BUILTIN = table(
    """
    echo set cd chdir md mkdir dir cls exit type del erase rd rmdir copy move ren rename pause
    title ver vol path prompt pushd popd setlocal endlocal assoc ftype mklink attrib icacls takeown
    reg sc net net1 schtasks vssadmin wevtutil bcdedit wbadmin netsh wmic cipher format diskpart
    taskkill tasklist fsutil
    """
)


def _without_redirects(words: list[str], shell: Shell) -> list[str]:
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.lstrip("012") not in (">", ">>"):
            kept.append(word)
            continue
        path = next(rest, "")
        if path and path.lower() not in ("nul", "&1", "&2"):
            shell.touch(Access.APPEND if ">>" in word else Access.WRITE, windows_path(path))
    return kept


def _plain(words: list[str]) -> list[str]:
    """`words` without what stands before the command: `@`, `(`, `call`, `if exist x`, `for …`."""
    while words:
        first = words[0].lower()
        if first.startswith(("@", "(")):
            words = [words[0].lstrip("@("), *words[1:]]
        elif not first or first in _KEYWORDS:
            words = words[1:]
        elif first == "for":
            at = next((at for at, word in enumerate(words) if word.lower() == "do"), len(words))
            words = words[at + 1 :]
        elif first == "if":
            words = [word for word in words[1:] if word.lower() not in ("not", "/i")]
            words = words[2:] if words[:1] and words[0].lower() in _CONDITIONS else words[1:]
        else:
            return words
    return words


_CONDITIONS = ("exist", "defined", "errorlevel")


def _expanded(text: str) -> str:
    """`text` with its variables and without its carets."""
    text = _with_values(text) if "%" in text else text
    return text.replace("^\n", "").replace("^", "") if "^" in text else text


def _with_values(text: str) -> str:
    """`text` with the values of `%NAME%` and `%NAME:~0,3%`; names that are not known stay."""
    pieces, names = text.split("%"), text.lower().split("%")
    made, at, last = [pieces[0]], 1, len(pieces) - 1
    while at < last:
        name = names[at].partition(":")[0]
        if name in _VARIABLES:
            made += (_VARIABLES[name], pieces[at + 1])
            at += 2
        else:
            made += ("%", pieces[at])
            at += 1
    made += ("%", pieces[last]) if at == last else ()
    return "".join(made)


_COMMANDS = frozenset("&|\n")
_PIPES = frozenset("|")


def _split(text: str, signs: frozenset[str]) -> list[str]:
    """The pieces of `text` between `signs` outside quotes, of which `&&` and `||` are two each.

    Commands go on behind a single `|`, pipes behind a double one.
    """
    pieces: list[str] = []
    start, is_quoted, is_second = 0, False, False
    for at, sign in enumerate(text):
        if sign == '"':
            is_quoted = not is_quoted
        if is_quoted or is_second or sign not in signs:
            is_second = False
            continue
        is_second = text[at + 1 : at + 2] == sign
        if sign == "|" and is_second == (signs is _PIPES):
            continue
        if len(pieces) == _MAX_COMMANDS:
            break
        pieces.append(text[start:at])
        start = at + 1 + is_second
    return [*pieces, text[start:]]


def _words(text: str) -> list[str]:
    return [
        found.group(0).replace('"', "")
        for found, _ in zip(_word().finditer(text), range(_MAX_WORDS), strict=False)
    ]


@cache
def _word() -> Any:
    return re2.compile(r'[012]?>>?|(?:"[^"]*"?|[^\s">])+')
