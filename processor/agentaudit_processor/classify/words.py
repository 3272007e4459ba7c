"""Words of the shell: quoting, escapes, what a harmless command prints.

Source: POSIX.1-2024, shell command language §2.2; bash manual §3.1.2.4 for `$'…'`.
"""

import base64
import binascii
from collections.abc import Sequence
from functools import cache
from typing import Any

import re2

_LONG_TEXT = 200
_MAX_QUOTES = 400
_MAX_HEREDOCS = 20
_MAX_OUTPUT = 4096
_MAX_BRACES = 20
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
    """`word` with its first `{a,b}` expanded: `{rm,-rf,/}` is three words, `/{,etc}` two."""
    head, _, rest = word.partition("{")
    inside, closed, tail = rest.partition("}")
    if not closed or "," not in inside or "{" in inside or head.endswith("$"):
        return [word]
    return [f"{head}{part}{tail}" for part in inside.split(",")[:_MAX_BRACES]]


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


def decoded_output(program: str, argv: Sequence[str], stdin: str | None) -> str | None:
    """What the command prints, where its words and its input tell; else None."""
    printed = None
    words = list(argv[1:])
    if program == "echo":
        escapes = False
        while words and words[0] in ("-n", "-e", "-E", "-ne", "-en"):
            escapes = escapes or "e" in words.pop(0)
        printed = " ".join(words)
        printed = ansi_c(printed) if escapes else printed
    elif program == "printf" and words:
        printed = _printf(words)
    elif stdin is None:
        return None
    elif program == "tee" or (program == "cat" and all(w.startswith("-") for w in words)):
        printed = stdin
    elif program in ("base64", "openssl") and set(words) & {"-d", "-D", "--decode"}:
        printed = _base64(stdin)
    elif program == "xxd" and any("r" in w for w in words if w.startswith("-")):
        printed = _hex(stdin)
    elif program == "rev":
        printed = stdin.strip()[::-1]
    return printed[:_MAX_OUTPUT] if printed is not None else None


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


def _printf(words: list[str]) -> str:
    text, *values = [ansi_c(word) for word in words]
    for value in values:
        if "%s" not in text and "%b" not in text:
            break
        text = text.replace("%s" if "%s" in text else "%b", value, 1)
    return text


def _base64(text: str) -> str | None:
    try:
        return base64.b64decode(text.strip() + "==", validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def _hex(text: str) -> str | None:
    try:
        return bytes.fromhex("".join(text.split())).decode("utf-8", "replace")
    except ValueError:
        return None


@cache
def _escapes() -> Any:
    hexadecimal = r"x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}"
    return re2.compile(rf"\\((?:{hexadecimal}|[0-7]{{1,3}}|[^xuU0-7]|[xuU]))")


@cache
def _quotes() -> Any:
    return re2.compile(r"""(?s)(?m:^|\s)#[^\n]*|'[^']*'|"(?:[^"\\]|\\.)*"|\\.""")


@cache
def _heredoc_starts() -> Any:
    return re2.compile(r"""<<-?\s*(['"\\]?)([A-Za-z_][A-Za-z0-9_]*)""")
