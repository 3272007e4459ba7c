"""What a harmless command prints, where its words and its input tell: `echo`, `base64 -d` …"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import re2

from agentaudit_processor.classify.shell.inline import language_of
from agentaudit_processor.classify.shell.quoting import ansi_c
from agentaudit_processor.classify.shell.thinning import shortened
from agentaudit_processor.classify.touches import found_in

_MAX_OUTPUT = 4096
_GIVEN = ("-c", "-e", "--eval", "-r", "eval")
_CLASSES = {
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:space:]": " \t\n\r\v\f", "[:digit:]": "0123456789",
}  # fmt: skip


def decoded_output(program: str, argv: Sequence[str], stdin: str | None) -> str | None:
    """What the command prints; None where that is not known."""
    words = list(argv[1:])
    if program in (":", "true", "false"):
        printed: str | None = ""
    elif program == "echo":
        printed = _echo(words)
    elif program == "printf" and words:
        printed = _printf(words)
    elif program in ("find", "ls", "git"):
        return _listed(program, words)
    elif language_of(program) is not None:
        printed = _told(words)
    elif stdin is not None and (change := _FILTERS.get(program)) is not None:
        printed = change(words, stdin)
    else:
        return None
    return shortened(printed, _MAX_OUTPUT) if printed is not None else None


def _listed(program: str, words: list[str]) -> str | None:
    """What a list of files stands for: all of a folder, or some below it that a search chose."""
    if program == "git":
        return "./*" if words[:1] == ["ls-files"] and len(words) == 1 else None
    if program == "ls":
        named = [word for word in words if not word.startswith("-")]
        return f"{named[0].rstrip('/')}/*" if len(named) == 1 else None if named else "./*"
    start, filtered = found_in([program, *words])
    if "-exec" in words or "-delete" in words:
        return None
    return f"{start.rstrip('/')}/{'$FOUND' if filtered else '*'}"


def _told(words: list[str]) -> str | None:
    """The texts that a program on the command line prints: `python3 -c 'print("…")'`."""
    from agentaudit_processor.classify.code.printed import printed_by  # noqa: PLC0415  it reads us

    code = next((after for word, after in pairwise(words) if word in _GIVEN), None)
    return printed_by(code) if code is not None else None


def _echo(words: list[str]) -> str:
    escapes = False
    while words and words[0] in ("-n", "-e", "-E", "-ne", "-en"):
        escapes = escapes or "e" in words.pop(0)
    printed = " ".join(words)
    return ansi_c(printed) if escapes else printed


def _printf(words: list[str]) -> str:
    text, *values = [ansi_c(word) for word in words]
    if "%" not in text:
        return text
    printed = []
    for _ in range(50):  # the format is used again as long as values are left
        filled, left = text, values
        while left and ("%s" in filled or "%b" in filled or "%q" in filled):
            sign = next(s for s in ("%s", "%b", "%q") if s in filled)
            filled, left = filled.replace(sign, left[0], 1), left[1:]
        printed.append(filled)
        if not left or left == values:
            break
        values = left
    return "".join(printed)


def _same(words: list[str], stdin: str) -> str | None:
    return stdin if all(word.startswith("-") for word in words) else None


def _tee(_words: list[str], stdin: str) -> str:
    return stdin


def _base64(words: list[str], stdin: str) -> str | None:
    if not set(words) & {"-d", "-D", "--decode", "-di", "-id"}:
        return None
    try:
        return base64.b64decode(stdin.strip() + "==", validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def _base32(words: list[str], stdin: str) -> str | None:
    if not set(words) & {"-d", "-D", "--decode"}:
        return None
    try:
        return base64.b32decode(stdin.strip()).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def _xxd(words: list[str], stdin: str) -> str | None:
    if not any("r" in word for word in words if word.startswith("-")):
        return None
    try:
        return bytes.fromhex("".join(stdin.split())).decode("utf-8", "replace")
    except ValueError:
        return None


def _rev(_words: list[str], stdin: str) -> str:
    return "\n".join(line[::-1] for line in stdin.strip().split("\n"))


def _tr(words: list[str], stdin: str) -> str | None:
    options = [word for word in words if word.startswith("-") and len(word) > 1]
    sets = [_signs(word) for word in words if word not in options]
    if any("d" in option for option in options) and sets:
        return stdin.translate({ord(sign): None for sign in sets[0]})
    if options or len(sets) != 2 or not sets[1]:
        return None
    filled = sets[1] + sets[1][-1] * (len(sets[0]) - len(sets[1]))
    return stdin.translate({ord(old): new for old, new in zip(sets[0], filled, strict=False)})


def _signs(word: str) -> str:
    for name, signs in _CLASSES.items():
        word = word.replace(name, signs)
    signs, at = "", 0
    word = ansi_c(word)
    while at < len(word):
        if word[at + 1 : at + 2] == "-" and at + 2 < len(word):
            signs += "".join(map(chr, range(ord(word[at]), min(ord(word[at + 2]), 255) + 1)))
            at += 3
        else:
            signs += word[at]
            at += 1
    return signs


def _sed(words: list[str], stdin: str) -> str | None:
    """`sed s/x/y/` of plain text."""
    scripts = [word for word in words if not word.startswith("-")]
    found = _substitution().search(scripts[0]) if len(scripts) == 1 else None
    if found is None or "-n" in words:
        return None
    old, new, flags = found.group(2), found.group(3), found.group(4)
    return stdin.replace(old, new, -1 if "g" in flags else 1)


def _lines(words: list[str], stdin: str) -> str | None:
    """`head`, `tail`, `sort`, `grep`: some of the lines; taken for all of them."""
    return stdin if not [word for word in words if "/" in word] else None


_FILTERS: Mapping[str, Callable[[list[str], str], str | None]] = {
    "tee": _tee, "cat": _same, "base64": _base64, "openssl": _base64, "base32": _base32,
    "xxd": _xxd, "rev": _rev, "tr": _tr, "sed": _sed, "head": _lines, "tail": _lines,
    "sort": _lines, "uniq": _lines, "grep": _lines, "nl": _same, "tac": _same,
}  # fmt: skip


@cache
def _substitution() -> Any:
    """A sed script of one substitution of plain text, by any of the usual signs."""
    plain = r"[^/|,#@!\\.*^$\[\]&]"
    return re2.compile(rf"^s([/|,#@!])({plain}{{1,100}})[/|,#@!]({plain}{{0,100}})[/|,#@!](g?)$")
