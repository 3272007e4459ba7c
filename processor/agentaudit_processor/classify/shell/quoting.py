"""Quotes and escapes of the shell undone.

Source: POSIX.1-2024, shell command language §2.2; bash manual §3.1.2.4 for `$'…'`.
"""

from functools import cache
from typing import Any

import re2

_MAX_BRACES = 20
_MAX_TAIL = 100
_SIMPLE = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b",
    "E": "\x1b", "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip


def unescaped(text: str, *, quoted: bool = False) -> str:
    """`text` without the backslashes of a bare word, or of a double-quoted one."""
    if "\\" not in text:
        return text
    signs, at = [], 0
    while at < len(text):
        sign = text[at]
        if sign == "\\" and at + 1 < len(text):
            at += 1
            after = text[at]
            if after != "\n":
                signs.append("\\" + after if quoted and after not in '"\\$`' else after)
        else:
            signs.append(sign)
        at += 1
    return "".join(signs)


def continued(script: str) -> str:
    """`script` with lines that end in a backslash joined to the next, as the shell does first."""
    if "\\\n" not in script:
        return script
    first, *rest = script.split("\\\n")
    pieces, before = [first], first
    for piece in rest:
        if (len(before) - len(before.rstrip("\\"))) % 2:  # the backslash was escaped itself
            pieces.append("\\\n")
        pieces.append(piece)
        before = piece
    return "".join(pieces)


def braces(word: str) -> list[str]:
    """`word` with its `{a,b}` expanded: `{rm,-rf,/}` is three words, `/{,etc}` two."""
    head, _, rest = word.partition("{")
    inside, closed, tail = rest.partition("}")
    if not closed or "," not in inside or "{" in inside or head.endswith("$"):
        return [word]
    tails = braces(tail) if "{" in tail and len(tail) < _MAX_TAIL else [tail]
    parts = inside.split(",")[:_MAX_BRACES]
    return [f"{head}{part}{end}" for part in parts for end in tails][:_MAX_BRACES]


def ansi_c(text: str) -> str:
    """The value of `$'text'`."""

    def value(match: Any) -> str:
        escape = match.group(1)
        if escape[0] in "xuU" and len(escape) > 1:
            return chr(min(int(escape[1:], 16), 0x10FFFF))
        if escape[0] in "01234567":
            return chr(int(escape, 8) & 0xFF)
        return _SIMPLE.get(str(escape), f"\\{escape}")

    return str(_escapes().sub(value, text)) if "\\" in text else text


@cache
def _escapes() -> Any:
    hexadecimal = r"x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}"
    return re2.compile(rf"\\((?:{hexadecimal}|[0-7]{{1,3}}|[^xuU0-7]|[xuU]))")
