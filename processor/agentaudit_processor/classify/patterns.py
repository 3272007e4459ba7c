"""Patterns of rules as RE2 automata over bytes, alone and many in one."""

from collections.abc import Sequence
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1  # any bytes, one position a byte
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 64 << 20


class RuleError(Exception):
    """A pack is not right; the text names file and line."""


def compiled(pattern: str) -> Any:
    """RE2 of `pattern`, for bytes.

    Raises:
        RuleError: RE2 does not take it.
    """
    try:
        return re2.compile(pattern.encode(), _OPTIONS)
    except re2.error as error:
        raise RuleError(_unreadable(pattern, error)) from None


def _unreadable(pattern: str, error: Exception) -> str:
    said = error.args[0] if error.args else error
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"pattern {pattern[:200]!r}: {said}"


def pattern_set(patterns: Sequence[str]) -> Any:
    """One automaton that tells which of `patterns` occur in a text.

    Raises:
        RuleError: RE2 does not take one of them.
    """
    automaton = re2.Set.SearchSet(_OPTIONS)
    for pattern in patterns:
        try:
            automaton.Add(pattern.encode())
        except re2.error as error:
            raise RuleError(_unreadable(pattern, error)) from None
    automaton.Compile()
    return automaton
