"""Globs of policies over tool names, paths, commands and people, asked of an agent's texts.

As in `fnmatch`, case-sensitive: `*` any text, `?` one character, `[abc]`, `[!abc]`. Compiled to
RE2, for the texts are hostile and `fnmatch` would give them to a backtracking engine.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import re2

MAX_CHARS = 1_000
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 4 << 20
_ANY = "(?s:.*)"
_WITHIN_ONE_COMMAND = "[^;&|`<>\r\n]*"
_NESTED = ("$(", "<(", ">(")


class GlobError(ValueError):
    """A glob cannot be understood; the text says why."""


def check(glob: str) -> None:
    """Tell whether `matches` will understand `glob`.

    Raises:
        GlobError: it will not.
    """
    if len(glob) > MAX_CHARS:
        raise GlobError(f"a glob of more than {MAX_CHARS} characters")
    if _compiled(glob, _ANY) is None:
        raise GlobError(f"{glob[:60]!r} is no glob")


def matches(glob: str, text: str) -> bool:
    """Tell whether the whole of `text` is what `glob` says."""
    compiled = _compiled(glob, _ANY)
    return compiled is not None and compiled.fullmatch(_readable(text)) is not None


def matching(glob: str, names: Sequence[str]) -> list[str]:
    """Those of `names` that `matches`, by one look at all of them where they are plain words."""
    lines = "\n".join(names)
    if not lines.isascii() or lines.count("\n") >= len(names):
        return [name for name in names if matches(glob, name)]
    compiled = _compiled_by_line(glob)
    if compiled is None:
        return []
    found = {match.group() for match in compiled.finditer(lines)}
    return [name for name in names if name in found]


def matches_command(glob: str, command: str) -> bool:
    """As `matches`, but no `*` reaches into a second command.

    Behind `;`, `&`, `|`, `<`, `>`, a backtick, a line break or `$(` there may be anything, so that
    these must stand in the glob itself.
    """
    if any(sign in command and sign not in glob for sign in _NESTED):
        return False
    compiled = _compiled(glob, _WITHIN_ONE_COMMAND)
    return compiled is not None and compiled.fullmatch(_readable(command)) is not None


def _readable(text: str) -> str:
    """`text` without lone surrogates, which RE2 does not take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


@lru_cache(maxsize=2048)
def _compiled(glob: str, star: str) -> Any:
    """RE2 of `glob`; None if there is none."""
    try:
        return re2.compile(_translated(_readable(glob), star), _OPTIONS)
    except re2.error:
        return None


@lru_cache(maxsize=256)
def _compiled_by_line(glob: str) -> Any:
    """RE2 that finds each whole line which `glob` matches; None if there is none."""
    pattern = _translated(_readable(glob), "[^\n]*", one="[^\n]", never="\\n")
    try:
        return re2.compile(f"(?m:^{pattern}$)", _OPTIONS)
    except re2.error:
        return None


def _translated(glob: str, star: str, one: str = "(?s:.)", never: str = "") -> str:
    """RE2 for `glob`: `one` for each `?`; what a negated set does not match either is `never`."""
    parts: list[str] = []
    at = 0
    while at < len(glob):
        sign = glob[at]
        end = glob.find("]", at + 2 + (glob[at + 1 : at + 2] == "!")) if sign == "[" else -1
        if end > 0:
            parts.append(_set(glob[at + 1 : end], never))
            at = end
        elif sign == "*":
            parts.append(star)
        else:
            parts.append(one if sign == "?" else re2.escape(sign))
        at += 1
    return "".join(parts)


def _set(inside: str, never: str) -> str:
    negated = inside.startswith("!")
    members = inside[negated:].replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    members = members.replace("^", r"\^").replace("&", r"\&")
    return f"[^{members}{never}]" if negated else f"[{members}]"
