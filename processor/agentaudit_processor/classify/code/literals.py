"""Values that a program spells out: literals, names that were given one, paths joined of such."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import re2

MAX_CALLS = 100

LITERAL = r"""(?:[rbufRBUF]{0,2}"(?:[^"\\\n]|\\.)*"|[rbufRBUF]{0,2}'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
ARGUMENT = rf"{LITERAL}|[A-Za-z_$]\w*"
_ASSIGNED = (
    rf"(?m)(?:^|[;\s(])(?:const |let |var |my |local |\$)?([A-Za-z_]\w*)\s*(?::?=|<-)\s*({LITERAL})"
)
_JOINED = (
    rf"([A-Za-z_]\w*)\s*:?=\s*(?:os\.path\.join|path\.(?:join|resolve)|filepath\.Join|File\.join"
    rf"|Path)\(\s*({ARGUMENT})\s*(?:,\s*({ARGUMENT})\s*)?(?:,\s*({ARGUMENT})\s*)?\)"
)
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # what the engine has to say of a pattern is nothing for stderr
_HOLE = r"\{([A-Za-z_]\w*)\}|#\{([A-Za-z_]\w*)\}|\$\{?([A-Za-z_]\w*)\}?"


def found(pattern: str, text: str) -> Iterator[Any]:
    """The first matches of `pattern`."""
    for at, match in enumerate(_compiled(pattern).finditer(text)):
        if at >= MAX_CALLS:
            return
        yield match


def calls_in(pattern: str, text: str) -> Iterator[Any]:
    """The first matches of `pattern`, whose first group is a function; calls inside calls too."""
    at = 0
    for _ in range(MAX_CALLS):
        match = _compiled(pattern).search(text, at)
        if match is None:
            return
        yield match
        at = max(match.end(1), at + 1)


def replaced(pattern: str, text: str, change: Callable[[Any], str]) -> str:
    """`text` with the first matches of `pattern` changed."""
    return str(_compiled(pattern).sub(change, text, count=MAX_CALLS))


def names_in(text: str) -> dict[str, str]:
    """Names of the program that were given a literal, or a path joined of literals."""
    names = {m.group(1): unquoted(m.group(2)) for m in found(_ASSIGNED, text)}
    for joined in found(_JOINED, text):
        parts = [value(part, names) or "" for part in joined.groups()[1:] if part is not None]
        names[joined.group(1)] = "/".join(parts)
    return names


def value(argument: str | None, names: dict[str, str]) -> str | None:
    """What `argument` stands for; None where the program does not spell it out."""
    if argument is None:
        return None
    if argument[:1] == "[":
        return argument
    if argument[-1:] in "\"'`":
        text = unquoted(argument)
        return _filled(text, names) if "{" in text or "$" in text else text
    return names.get(argument.lstrip("$"))


def as_command(argument: str, names: dict[str, str]) -> str:
    """A command line, of a text or of a list of words."""
    if not argument.startswith("["):
        return argument
    return quoted_words(argument, names)


def quoted_words(listed: str, names: dict[str, str]) -> str:
    """The literals and names in `listed` as one command line."""
    spelled = [m.group(0) for m in found(rf"{LITERAL}|[A-Za-z_]\w*", listed)]
    words = [value(word, names) for word in spelled]
    words = [word for word in words if word]
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words if word is not None)


def unquoted(literal: str) -> str:
    """The text of a literal."""
    quote = literal[-1]
    body = literal[literal.index(quote) + 1 : -1]
    return body.replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n")


def _filled(text: str, names: dict[str, str]) -> str:
    """`text` with the names in its holes put in: f"rm -rf {path}"."""

    def fill(match: Any) -> str:
        name = next(group for group in match.groups() if group)
        known = names.get(name)
        return known if known is not None else str(match.group(0))

    return str(_compiled(_HOLE).sub(fill, text))


@cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _OPTIONS)
