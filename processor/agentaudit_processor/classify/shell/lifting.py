"""Long literal texts lifted out of a script, so that a note does not make it too long to parse."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import re2

from agentaudit_processor.classify.patterns import Pattern, Place
from agentaudit_processor.classify.shell.quoting import unescaped

_LONG_TEXT = 200
_MAX_QUOTES = 400
_MAX_HEREDOCS = 20


def lift_quoted(script: str) -> tuple[str, dict[str, str]]:
    """Put a short mark in the place of each long literal text of `script`.

    So a long commit message or note does not make a command too long to parse. Double-quoted
    texts with `$` or a backtick stay: they may run something.

    Returns:
        The script with marks, and what each mark stands for.
    """
    lifted: dict[str, str] = {}
    script = _lift_heredocs(script, lifted)
    pieces: list[str] = []
    kept_to = 0
    for start, end in _long_quotes(script):
        text, opening = script[start:end], script[start]
        if opening == '"' and ("$" in text or "`" in text):
            continue
        sign = f"{opening}\x01{len(lifted)}{opening}"
        lifted[sign] = text[1:-1] if opening == "'" else unescaped(text[1:-1], quoted=True)
        pieces += (script[kept_to:start], sign)
        kept_to = end
    return "".join([*pieces, script[kept_to:]]), lifted


def _long_quotes(script: str) -> Iterator[Place]:
    """Where the long quoted texts stand."""
    # one byte for each character, so that places are the same
    text = script.encode("ascii", "replace")
    for found in islice(_quotes().each(text), _MAX_QUOTES):
        start, end = found[0]
        if end - start >= _LONG_TEXT and script[start] in "'\"":
            yield start, end


def _lift_heredocs(script: str, lifted: dict[str, str]) -> str:
    first = _heredoc_starts().search(script)
    if first is None:
        return script
    pieces: list[str] = []
    lines = _lines_of(script)
    start, kept_to = first, 0
    for _ in range(_MAX_HEREDOCS):
        body = script.find("\n", start.end()) + 1
        if not body:
            break
        places = lines.get(start.group(2), ())
        found = bisect_left(places, body)
        end = places[found] if found < len(places) else -1
        text = script[body:end]
        # an unquoted body may hold `$(…)`, which runs
        if end > body and len(text) >= _LONG_TEXT and (start.group(1) or "$(" not in text):
            sign = f"\x01{len(lifted)}"
            lifted[sign] = text
            pieces += (script[kept_to:body], f"{sign}\n")
            kept_to = end
        start = _heredoc_starts().search(script, max(start.end(), end))
        if start is None:
            break
    return "".join([*pieces, script[kept_to:]])


def _lines_of(script: str) -> dict[str, list[int]]:
    """Where lines begin, in order, by what stands on them but blanks."""
    places: dict[str, list[int]] = {}
    at = 0
    for line in script.split("\n"):
        places.setdefault(line.strip(), []).append(at)
        at += len(line) + 1
    return places


@cache
def _quotes() -> Pattern:
    return Pattern(r"""(?s)(?m:^|\s)#[^\n]*|'[^']*'|"(?:[^"\\]|\\.)*"|\\.""")


@cache
def _heredoc_starts() -> Any:
    return re2.compile(r"""<<-?\s*(['"\\]?)([A-Za-z_][A-Za-z0-9_]*)""")
