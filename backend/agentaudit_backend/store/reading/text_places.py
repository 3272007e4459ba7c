"""Where a text can be, by the index of texts: keys of Events that are worth reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from sqlalchemy import Connection, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.text_index import (
    BLOCK,
    POSTINGS,
    SEGMENT,
    SEGMENTS,
    slots_of,
)
from agentaudit_backend.store.values import storable
from agentaudit_processor.query.terms import Field, Term

_MOST_SLOTS: Final = 24
"""Trigrams that are asked for; a text has at most as many that tell it from others."""
_END: Final = 1 << 62
"""Beyond every key."""

Run = tuple[int, int]
"""Keys from the first on, before the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the Events can be that hold certain texts."""

    unknown: Sequence[Run]
    """Keys that are not in the index: all of them have to be read."""
    blocks: Sequence[int]
    """Blocks that hold all that the texts consist of."""


def places_of(connection: Connection, where: EventFilter) -> Places | None:
    """Where the filter's texts can be within its window; None where it has none of use."""
    slots = sorted(slots_of(_texts(where)))[:_MOST_SLOTS]
    if not slots:
        return None
    indexed = connection.execute(
        select(SEGMENTS.c.segment, SEGMENTS.c.first_at, SEGMENTS.c.last_at)
        .where(SEGMENTS.c.indexed)
        .order_by(SEGMENTS.c.segment)
    ).all()
    within = {row.segment for row in indexed if _overlaps(row.first_at, row.last_at, where)}
    ends = [-1, *(row.segment for row in indexed), _END // SEGMENT]
    return Places(
        unknown=[
            ((one + 1) * SEGMENT, other * SEGMENT)
            for one, other in pairwise(ends)
            if other > one + 1
        ],
        blocks=list(_blocks(connection, slots, within)),
    )


def _texts(where: EventFilter) -> Iterator[str]:
    """Texts that the summary of each Event surely holds, case-folded."""
    for word in where.words:
        yield storable(word).casefold()
    for term in where.terms:
        yield from _texts_of(term)


def _texts_of(term: Term) -> Iterator[str]:
    if term.field is Field.CMD and not term.negated and len(term.patterns) == 1:
        pattern = term.patterns[0]
        text = storable(pattern.text).casefold()
        yield from text.split("*") if pattern.wild else (text,)


def _overlaps(first_at: datetime, last_at: datetime, where: EventFilter) -> bool:
    after = where.since is None or last_at >= where.since
    return after and (where.until is None or first_at < where.until)


def _blocks(connection: Connection, slots: Sequence[int], within: set[int]) -> Iterator[int]:
    """The blocks of these segments that have all of the slots."""
    rows = connection.execute(
        select(POSTINGS.c.segment, POSTINGS.c.blocks)
        .join_from(SEGMENTS, POSTINGS, POSTINGS.c.segment == SEGMENTS.c.segment)
        .where(SEGMENTS.c.indexed, POSTINGS.c.slot.in_(slots))
    )
    found: dict[int, list[int]] = {}
    for segment, blocks in rows:
        if segment in within:
            found.setdefault(segment, []).append(int.from_bytes(blocks, "little"))
    per_segment = SEGMENT // BLOCK
    for segment, sets in sorted(found.items()):
        if len(sets) < len(slots):
            continue
        common = sets[0]
        for each in sets[1:]:
            common &= each
        yield from (
            segment * per_segment + place for place in range(per_segment) if common >> place & 1
        )
