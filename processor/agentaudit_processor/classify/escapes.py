"""Take off escapes that only hide letters: `g\\u0068p_…`, `\\x67hp_…`, `postgres%3A%2F%2Fapp%3A…`.

Signs that a shell or a parser would act on stay as they are: quotes, blanks, `;`, `&`, `|`, `$`;
and the parts of a URL stay apart (`app:p%40ss@db`) unless all of it is encoded. Text is read like
this for scanning, and written back like this only where something in it was masked.
"""

from functools import cache

from agentaudit_processor.classify.patterns import Pattern

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.=:/@+~")
_PARTING = frozenset(":/@")
_MARKS = ("\\u00", "\\x", "%")


def without_escapes(text: str) -> str:
    """`text` with harmless signs in the place of their escapes; itself if it has none."""
    if "%" not in text and "\\" not in text:  # nearly all texts
        return text
    if not _escape().occurs(text.encode("utf-8", "replace")):  # `100%`, a line's end in JSON
        return text
    for mark in _MARKS:
        if mark in text:
            whole = mark != "%" or "%3A%2F%2F" in text or "%3a%2f%2f" in text
            text = _taken_off(text, mark, _SAFE if whole else _SAFE - _PARTING)
    return text


@cache
def _escape() -> Pattern:
    return Pattern(r"(?:%|\\u00|\\x)[0-9A-Fa-f]{2}")


def _taken_off(text: str, mark: str, safe: frozenset[str]) -> str:
    head, *rest = text.split(mark)
    pieces = [head]
    changed = False
    for piece in rest:
        sign = _sign(piece[:2])
        if sign not in safe:
            pieces += (mark, piece)
            continue
        if mark[0] == "\\":  # escaped twice: JSON in JSON
            pieces[-1] = pieces[-1].rstrip("\\")
        pieces += (sign, piece[2:])
        changed = True
    return "".join(pieces) if changed else text


def _sign(code: str) -> str:
    if len(code) != 2 or not code.isascii() or not code.isalnum():
        return ""
    try:
        return chr(int(code, 16))
    except ValueError:
        return ""
