"""Long literal texts lifted out of a script, so that a note does not make it too long to parse."""

from functools import cache
from typing import Any

import re2

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

    def mark(match: Any) -> str:
        text = match.group(0)
        opening = text[:1]
        if len(text) < _LONG_TEXT or opening not in "'\"":
            return str(text)
        if opening == '"' and ("$" in text or "`" in text):
            return str(text)
        sign = f"{opening}\x01{len(lifted)}{opening}"
        lifted[sign] = text[1:-1] if opening == "'" else unescaped(text[1:-1], quoted=True)
        return sign

    marked = str(_quotes().sub(mark, _lift_heredocs(script, lifted), count=_MAX_QUOTES))
    return marked, lifted


def _lift_heredocs(script: str, lifted: dict[str, str]) -> str:
    at = 0
    for _ in range(_MAX_HEREDOCS):
        start = _heredoc_starts().search(script, at)
        if start is None:
            break
        at = start.end()
        body = script.find("\n", at) + 1
        if not body:
            break
        end = _line_of(script, start.group(2), body)
        text = script[body:end]
        # an unquoted body may hold `$(…)`, which runs
        if end > body and len(text) >= _LONG_TEXT and (start.group(1) or "$(" not in text):
            sign = f"\x01{len(lifted)}"
            lifted[sign] = text
            script = f"{script[:body]}{sign}\n{script[end:]}"
            end = body + len(sign) + 1
        at = max(end, at)
    return script


def _line_of(script: str, word: str, start: int) -> int:
    """Where the line begins that is `word` alone; -1 for nowhere."""
    at = start
    while at <= len(script):
        stop = script.find("\n", at)
        stop = len(script) if stop < 0 else stop
        if script[at:stop].strip() == word:
            return at
        at = stop + 1
    return -1


@cache
def _quotes() -> Any:
    return re2.compile(r"""(?s)(?m:^|\s)#[^\n]*|'[^']*'|"(?:[^"\\]|\\.)*"|\\.""")


@cache
def _heredoc_starts() -> Any:
    return re2.compile(r"""<<-?\s*(['"\\]?)([A-Za-z_][A-Za-z0-9_]*)""")
