"""Globs of the shell (`/bin/r?`, `*.sh`), matched by RE2: no backtracking on an agent's text."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import re2

_SIGNS = frozenset("*?[")
_MAX_GLOB = 60


def is_glob(word: str) -> bool:
    """Tell whether the shell would look for files that match `word`."""
    return not _SIGNS.isdisjoint(word)


def fitting(glob: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that `glob` matches."""
    form = _form(glob)
    return [name for name in names if form is not None and form.search(name) is not None]


@lru_cache(maxsize=64)
def _form(glob: str) -> Any:
    if len(glob) > _MAX_GLOB or not glob.isascii():
        return None
    pieces, at = [], 0
    while at < len(glob):
        sign = glob[at]
        end = glob.find("]", at + 2) if sign == "[" else -1
        if end > 0:
            inside = glob[at + 1 : end].replace("\\", "").replace("[", "")
            pieces.append(f"[{'^' + inside[1:] if inside[:1] == '!' else inside}]")
            at = end
        else:
            pieces.append({"*": ".*", "?": "."}.get(sign) or re2.escape(sign))
        at += 1
    try:
        return re2.compile(f"^(?:{''.join(pieces)})$", _quiet())
    except re2.error:  # a class that ends before it begins: `[z-a]`
        return None


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options
