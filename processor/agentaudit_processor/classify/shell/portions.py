"""A script that is too long for one parse, in portions that are not.

The first and the last come before others, and those with a sign of harm before those without.
"""

from collections.abc import Iterator, Sequence
from itertools import compress

from agentaudit_processor.classify.shell.cutting import pieces_of
from agentaudit_processor.classify.shell.grammar import operators_in
from agentaudit_processor.classify.shell.signs import has_sign, weight_of

MOST_PORTIONS = 6
_MOST_CHARS = 3_500
_MOST_OPERATORS = 200
_AT_EITHER_END = 20
"""Pieces of the head and of the tail that are parsed whatever they are."""


def portions(pieces: Sequence[str]) -> tuple[list[str], list[str]]:
    """What of the statements `pieces` is to be parsed together, in order, and what alone."""
    found = list(_joined(pieces))
    if len(found) <= MOST_PORTIONS:
        return found, []
    first, last = _AT_EITHER_END, len(pieces) - _AT_EITHER_END
    chosen = [at < first or at >= last or has_sign(piece) for at, piece in enumerate(pieces)]
    found = list(_joined(list(compress(pieces, chosen))))
    left = list(compress(pieces, [not one for one in chosen]))
    if len(found) > MOST_PORTIONS:
        half = MOST_PORTIONS // 2
        left = [piece for text in found[half:-half] for piece in pieces_of(text)] + left
        found = found[:half] + found[-half:]
    return found, sorted(left, key=weight_of, reverse=True)


def _joined(pieces: Sequence[str]) -> Iterator[str]:
    """Statements one after the other, as many as a parse can take."""
    joined: list[str] = []
    size = operators = 0
    for piece in pieces:
        more = operators_in(piece)
        if joined and (size + len(piece) > _MOST_CHARS or operators + more > _MOST_OPERATORS):
            yield _ended(joined)
            joined, size, operators = [], 0, 0
        joined.append(piece)
        size += len(piece)
        operators += more
    yield _ended(joined)


def _ended(joined: Sequence[str]) -> str:
    """One text, without a sign at its end that asks for more."""
    return "".join(joined).rstrip("&| ")
