"""Globs in the place of a command (`/bin/r?`): which names they fit."""

from collections.abc import Sequence

from agentaudit_processor.classify.globs import matching

_SIGNS = frozenset("*?[")
_MAX_GLOB = 60


def is_glob(word: str) -> bool:
    """Tell whether the shell would look for files that match `word`."""
    return not _SIGNS.isdisjoint(word)


def fitting(glob: str, names: Sequence[str]) -> list[str]:
    """Those of `names` that `glob` matches."""
    return matching(glob, names) if len(glob) <= _MAX_GLOB else []
