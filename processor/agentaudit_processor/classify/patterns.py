"""Patterns of rules as RE2 automata over bytes, alone and many in one."""

from collections.abc import Iterator, Sequence
from typing import Any

import re2


def _options(max_mem: int) -> re2.Options:
    made = re2.Options()
    made.encoding = re2.Options.Encoding.LATIN1  # any bytes, one position a byte
    made.log_errors = False
    made.max_mem = max_mem
    return made


_ANYWHERE = re2._Anchor.UNANCHORED  # noqa: SLF001
_ALONE = _options(4 << 20)
"""There are some thousand, and each fills what it may have, in time. With half of it one of ours
takes thirty times as long: RE2 gives its automaton up."""
_TOGETHER = _options(16 << 20)
"""Two thirds would do for our rules; where there is no hyperscan, states fill it in time."""


class RuleError(Exception):
    """A pack is not right; each text names file and line."""

    def __init__(self, *texts: str) -> None:
        super().__init__("\n".join(texts))
        self.texts = texts


Place = tuple[int, int]
"""Start and end of a match or of a group; both are -1 for a group that takes no part."""


class Pattern:
    """RE2 of a pattern, for bytes.

    It asks the engine itself: the library's own `search` makes three objects for each answer, which
    takes longer than to find it.

    Raises:
        RuleError: RE2 does not take the pattern.
    """

    __slots__ = ("_match",)

    def __init__(self, pattern: str) -> None:
        try:
            made = re2.compile(pattern.encode(), _ALONE)
        except re2.error as error:
            raise RuleError(_unreadable(pattern, error)) from None
        re2.purge()  # who asks knows how long to keep it; the library would hold the last 128
        self._match = made._regexp.Match  # noqa: SLF001  see above; a test compares the two

    def find(self, text: bytes, at: int = 0) -> Sequence[Place] | None:
        """Where the first match from the byte `at` on lies, and each of its groups."""
        found: Sequence[Place] = self._match(_ANYWHERE, text, at, len(text))
        return None if found[0][0] < 0 else found

    def each(self, text: bytes) -> Iterator[Sequence[Place]]:
        """Where every match lies, and each of its groups, one match behind the other."""
        at, size, match = 0, len(text), self._match  # no `find`: there may be 10,000 of them
        while at <= size:
            found: Sequence[Place] = match(_ANYWHERE, text, at, size)
            start, end = found[0]
            if start < 0:
                return
            yield found
            at = end if start < end else end + 1

    def occurs(self, text: bytes) -> bool:
        """Whether there is a match."""
        return bool(self._match(_ANYWHERE, text, 0, len(text))[0][0] >= 0)


def _unreadable(pattern: str, error: Exception) -> str:
    said = error.args[0] if error.args else error
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"pattern {pattern[:200]!r}: {said}"


def pattern_set(patterns: Sequence[str]) -> Any:
    """One automaton that tells which of `patterns` occur in a text.

    Raises:
        RuleError: RE2 does not take one of them.
    """
    automaton = re2.Set.SearchSet(_TOGETHER)
    for pattern in patterns:
        try:
            automaton.Add(pattern.encode())
        except re2.error as error:
            raise RuleError(_unreadable(pattern, error)) from None
    automaton.Compile()
    return automaton
