"""What `${name…}` makes of a value: cut, replaced, in other case, one item of an array.

Source: bash manual §3.5.3, shell parameter expansion.
"""

from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.shell.globs import fitting

_MAX_VALUE = 200


def modified(value: str, expansion: str) -> str:  # noqa: PLR0911  one return a form
    """`value`, the variable's, as `expansion` (`${x:0:2}`) changes it; unchanged if it does not.

    No more than the first 200 characters are cut or matched: a hidden verb is short.
    """
    found = _form().search(expansion)
    if found is None or len(value) > _MAX_VALUE:
        return value
    index, start, length, case, cut, pattern, sign, old, new = found.groups()
    if index is not None:
        items = value.splitlines() if "\n" in value else value.split()
        return items[int(index)] if int(index) < len(items) else ""
    if start is not None:
        return _slice(value, int(start), int(length) if length else None)
    if case is not None:
        changed = value.upper() if case[0] == "^" else value.lower()
        return changed if len(case) > 1 else changed[:1] + value[1:]
    if cut is not None:
        return _trimmed(value, cut, pattern)
    if sign is not None and not set(old) & set("*?["):
        return value.replace(old, new or "", -1 if sign == "//" else 1)
    return value


def _slice(value: str, start: int, length: int | None) -> str:
    rest = value[start:]
    return rest if length is None else rest[:length]


def _trimmed(value: str, cut: str, pattern: str) -> str:
    at_start = cut[0] == "#"
    # every piece that may go, the shortest first
    pieces = [value[:at] if at_start else value[len(value) - at :] for at in range(len(value) + 1)]
    fits = fitting(pattern, pieces)
    if not fits:
        return value
    size = len(fits[-1] if len(cut) > 1 else fits[0])
    return value[size:] if at_start else value[: len(value) - size]


@cache
def _form() -> Any:
    return re2.compile(
        r"^\$\{\w+(?:\[([0-9]{1,3})\]|:\s*(-?[0-9]{1,3})(?::([0-9]{1,3}))?|(,,?|\^\^?)"
        r"|(##?|%%?)([^{}*]{0,20}\*?[^{}*]{0,20})|(//?)([^/{}]{1,20})(?:/([^/{}]{0,20}))?)\}$"
    )
