"""Where texts are: which blocks of Events may hold a text, so that a search reads these alone.

Events are cut by their keys into segments, those into blocks. For each segment it is kept in which
blocks a trigram (three letters in a row) occurs; trigrams share a fixed number of slots, so
a segment has at most as many rows as Events, whatever agents write. A block holds a text only if it
holds all its trigrams; whether it does, its Events say. So the index may name a block too many, and
never one too few: what is not indexed yet is read as a whole.

Segments are indexed behind the writers' back, once they are full. Who changes or removes a text
takes its segment out of the index in the same transaction, trigrams and all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final
from zlib import crc32

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from agentaudit_backend.store.bulk import among, insert_rows
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.tables import Event, LedgerHead, table_of
from agentaudit_backend.store.text_tables import TextPosting, TextSegment

SEGMENT: Final = 16_384
"""Keys of a segment."""
BLOCK: Final = 64
"""Keys of a block."""
TRIGRAM: Final = 3
_SLOTS: Final = 1 << 14
_EVENTS = table_of(Event)
_HEADS = table_of(LedgerHead)
SEGMENTS = table_of(TextSegment)
POSTINGS = table_of(TextPosting)
_POSTING_COLUMNS = ("segment", "slot", "blocks")


def slots_of(texts: Iterable[str]) -> set[int]:
    """The slots of all trigrams of these texts, which are case-folded."""
    found: set[str] = set()
    for text in texts:
        found.update([text[at : at + TRIGRAM] for at in range(len(text) - TRIGRAM + 1)])
    return {crc32(trigram.encode()) % _SLOTS for trigram in found}


def index_texts(engine: Engine, most: int) -> int:
    """Index up to `most` segments that are full and not in the index; gives how many were.

    Raises:
        Unavailable: the database went away; what was indexed until then is.
    """
    with reading(engine) as connection:
        waiting = list(islice(_waiting(connection), most))
    return sum(_index(engine, segment) for segment in waiting)


def forget_texts(connection: Connection, keys: Iterable[int]) -> None:
    """Take the segments of these Events out of the index; they are indexed anew later."""
    segments = sorted({key // SEGMENT for key in keys})
    if not segments:
        return
    connection.execute(delete(POSTINGS).where(among(connection, POSTINGS.c.segment, segments)))
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(SEGMENTS)
    changed = {"changes": SEGMENTS.c.changes + 1, "indexed": False}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["segment"], set_=changed),
        [{"segment": segment, "changes": 1, "indexed": False} for segment in segments],
    )


def admit_texts(connection: Connection, keys: Iterable[int]) -> None:
    """Make sure that no segment of these new Events counts as indexed.

    Hardly ever is one: keys grow. But a sequence may keep some back, and the keys of Events that
    were the last and are removed are given again.
    """
    segments = sorted({key // SEGMENT for key in keys})
    there = select(SEGMENTS.c.segment).where(SEGMENTS.c.segment.in_(segments), SEGMENTS.c.indexed)
    found = connection.execute(there).scalars().all() if segments else ()
    forget_texts(connection, [segment * SEGMENT for segment in found])


def forget_segments(connection: Connection, first: int, after: int) -> None:
    """Take out all segments of the keys from `first` until before `after`: no Event is left."""
    for table in (POSTINGS, SEGMENTS):
        segment = table.c.segment
        within = (segment >= first // SEGMENT) & (segment < after // SEGMENT)
        connection.execute(delete(table).where(within))


def _waiting(connection: Connection) -> Iterator[int]:
    """The segments to be indexed, the oldest first; the one that is being filled is not."""
    key = _EVENTS.c.pk
    newest = connection.execute(select(func.max(key))).scalar() or 0
    there = connection.execute(select(SEGMENTS.c.segment).where(SEGMENTS.c.indexed))
    indexed = set(there.scalars())
    segment = 0
    while segment < newest // SEGMENT:
        least = select(func.min(key)).where(key >= segment * SEGMENT)  # over what holds nothing
        segment = connection.execute(least).scalar_one() // SEGMENT
        if segment not in indexed and segment < newest // SEGMENT:
            yield segment
        segment += 1
        while segment in indexed:
            segment += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What a segment holds."""

    events: int
    changes: int
    first_at: datetime | None
    last_at: datetime | None
    blocks_of: dict[int, int]


def _index(engine: Engine, segment: int) -> bool:
    """Look at a segment while everybody writes, and keep what was seen if it still is so."""
    with reading(engine) as connection:
        looked = _look(connection, segment)
    with writing(engine) as connection:
        # Who changes texts holds one of these locks: nobody does now, or has not committed yet.
        connection.execute(
            select(_HEADS.c.organization_id).order_by(_HEADS.c.organization_id).with_for_update()
        ).all()
        now = connection.execute(select(func.count()).where(*_within(segment))).scalar_one()
        if (now, _changes(connection, segment)) != (looked.events, looked.changes):
            return False
        _keep(connection, segment, looked)
    return True


def _look(connection: Connection, segment: int) -> _Looked:
    rows = connection.execute(
        select(_EVENTS.c.pk, _EVENTS.c.search, _EVENTS.c.at)
        .where(*_within(segment))
        .order_by(_EVENTS.c.pk)
    ).all()
    texts: dict[int, set[str]] = {}
    for row in rows:
        texts.setdefault(row.pk % SEGMENT // BLOCK, set()).add(row.search)
    blocks_of: dict[int, int] = {}
    for block, each in texts.items():
        for slot in slots_of(each):
            blocks_of[slot] = blocks_of.get(slot, 0) | 1 << block
    times = [row.at for row in rows]
    return _Looked(
        events=len(rows),
        changes=_changes(connection, segment),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        blocks_of=blocks_of,
    )


def _keep(connection: Connection, segment: int, looked: _Looked) -> None:
    connection.execute(delete(POSTINGS).where(POSTINGS.c.segment == segment))
    connection.execute(delete(SEGMENTS).where(SEGMENTS.c.segment == segment))
    width = SEGMENT // BLOCK // 8
    rows = [
        (segment, slot, blocks.to_bytes(width, "little"))
        for slot, blocks in sorted(looked.blocks_of.items())
    ]
    insert_rows(connection, POSTINGS, _POSTING_COLUMNS, rows)
    connection.execute(
        SEGMENTS.insert().values(
            segment=segment,
            changes=looked.changes,
            indexed=True,
            first_at=looked.first_at,
            last_at=looked.last_at,
        )
    )


def _changes(connection: Connection, segment: int) -> int:
    """How often a text of it was changed; -1 when it is indexed and nothing is to be done."""
    found = connection.execute(
        select(SEGMENTS.c.changes, SEGMENTS.c.indexed).where(SEGMENTS.c.segment == segment)
    ).one_or_none()
    if found is None:
        return 0
    return -1 if found.indexed else int(found.changes)


def _within(segment: int) -> tuple[ColumnElement[bool], ...]:
    return _EVENTS.c.pk >= segment * SEGMENT, _EVENTS.c.pk < (segment + 1) * SEGMENT
