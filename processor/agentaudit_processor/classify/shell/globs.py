"""Globs in the place of a command (`/bin/r?`): which names they fit."""

from collections.abc import Iterable

from agentaudit_processor.classify.globs import matches

_SIGNS = frozenset("*?[")
_MAX_GLOB = 60


def is_glob(word: str) -> bool:
    """Tell whether the shell would look for files that match `word`."""
    return not _SIGNS.isdisjoint(word)


def fitting(glob: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that `glob` matches."""
    return [name for name in names if matches(glob, name)] if len(glob) <= _MAX_GLOB else []
