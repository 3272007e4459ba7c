"""What is removed at the end of its time: first the content of an Event, later the Event.

| at the end of | goes | stays |
|---|---|---|
| `content_days` | arguments, results, excerpts, paths, slot keys | the Event and its verdict |
| `event_days` | row, findings, controls, share in figures | the ledger leaf, without names |

On PostgreSQL whole months first, of which nothing stays: their tables are dropped. Then an hour at
a time, each in a transaction of its own: writers wait a moment, not a night, and the
figures equal the lists after each. What a hold covers stays, with its content.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, not_, or_, select, update

from agentaudit_backend.store.bulk import chunks
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.holds import held
from agentaudit_backend.store.ingest import lock_head
from agentaudit_backend.store.partitions import BEFORE, names_of_partitions
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.removal import in_partition, remove_events, remove_partition
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.sealing import ERASED
from agentaudit_backend.store.tables import (
    EventContent,
    EventFinding,
    RollupHour,
    Session,
    table_of,
)
from agentaudit_backend.store.tallies import hour_of
from agentaudit_backend.store.text_index import forget_texts
from agentaudit_processor.policy import Retention

_CONTENT = table_of(EventContent)
_FINDINGS = table_of(EventFinding)
_ROLLUPS = table_of(RollupHour)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What one run removed, or would remove; times are None where nothing has an end."""

    content_before: datetime | None
    events_before: datetime | None
    contents: int = 0
    events: int = 0
    held: int = 0
    """Events that were due, and are held."""

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(
            content_before=self.content_before,
            events_before=self.events_before,
            contents=self.contents + other.contents,
            events=self.events + other.events,
            held=self.held + other.held,
        )


def purge(
    engine: Engine, organization_id: int, retention: Retention, now: datetime, *, dry_run: bool
) -> Purged:
    """Remove what is older than `retention` allows; with `dry_run` count it only.

    Raises:
        PolicyError: a hold cannot be understood; nothing was removed.
        Unavailable: the database went away; what was removed until then stays removed.
    """
    due = Purged(
        content_before=_end(now, retention.content_days),
        events_before=_end(now, retention.event_days),
    )
    last = max(filter(None, (due.content_before, due.events_before)), default=None)
    if last is None:
        return due
    holds = [and_(*conditions(organization_id, where)) for where in held(retention)]
    if due.events_before is not None and engine.dialect.name == "postgresql" and not dry_run:
        for name in _ended_before(engine, due.events_before):
            with writing(engine) as connection:
                due += _drop(connection, organization_id, name, due.events_before, holds)
    with reading(engine) as connection:
        hours = _hours(connection, organization_id, last)
    for hour in hours:
        with (reading if dry_run else writing)(engine) as connection:
            due += _Hour(connection, organization_id, hour, holds, dry_run).purge(due)
    if due.content_before is not None and not dry_run:
        with writing(engine) as connection:
            _forget_folders(connection, organization_id, due.content_before, holds)
    return due


def _ended_before(engine: Engine, end: datetime) -> list[str]:
    """The partitions that nothing of later than `end` can have arrived in, by its clock."""
    with reading(engine) as connection:
        names = names_of_partitions(connection)
    return [name for name in names if name == BEFORE or name < f"{end:%Y_%m}"]


def _drop(
    connection: Connection,
    organization_id: int,
    name: str,
    end: datetime,
    holds: Sequence[ColumnElement[bool]],
) -> Purged:
    """Drop a partition, unless it holds anything that stays: its hours are looked at then."""
    lock_head(connection, organization_id)
    stays = (EVENTS.c.organization_id != organization_id, EVENTS.c.at >= end, *holds)
    some = select(EVENTS.c.pk).where(in_partition(name), or_(*stays)).limit(1)
    removed = 0
    if connection.execute(some).first() is None:
        removed = remove_partition(connection, organization_id, name)
    return Purged(content_before=None, events_before=None, events=removed)


@dataclass(frozen=True, slots=True)
class _Hour:
    """The Events that began in one hour."""

    connection: Connection
    organization_id: int
    hour: datetime
    holds: Sequence[ColumnElement[bool]]
    dry_run: bool

    def purge(self, due: Purged) -> Purged:
        """What is due of this hour; the counts of it alone."""
        nothing = Purged(content_before=None, events_before=None)
        if due.events_before is not None and self.hour < due.events_before:
            return self._events()
        if due.content_before is not None and self.hour < due.content_before:
            return self._contents()
        return nothing

    def _events(self) -> Purged:
        if not self.dry_run:
            lock_head(self.connection, self.organization_id)  # nobody completes one meanwhile
        rows = list(self._rows(select(EVENTS), held=False))
        if rows and not self.dry_run:
            remove_events(self.connection, rows)
        return Purged(
            content_before=None, events_before=None, events=len(rows), held=self._count_held()
        )

    def _contents(self) -> Purged:
        having = _CONTENT.c.event_pk == EVENTS.c.pk
        full = select(EVENTS.c.pk).where(
            select(_CONTENT.c.event_pk).where(having, _CONTENT.c.slots != ERASED).exists()
        )
        if not self.dry_run:
            lock_head(self.connection, self.organization_id)  # as whoever indexes texts expects
        pks = [row["pk"] for row in self._rows(full, held=False)]
        if not self.dry_run:
            for chunk in chunks(pks):
                _forget_content(self.connection, chunk)
        return Purged(
            content_before=None, events_before=None, contents=len(pks), held=self._count_held()
        )

    def _rows(self, selected: Any, *, held: bool) -> Iterator[Row]:
        found = self.connection.execute(selected.where(*self._these(held)))
        return (dict(row) for row in found.mappings())

    def _count_held(self) -> int:
        if not self.holds:
            return 0
        counted = select(func.count()).select_from(EVENTS).where(*self._these(held=True))
        return int(self.connection.execute(counted).scalar_one())

    def _these(self, held: bool) -> Iterator[ColumnElement[bool]]:
        yield EVENTS.c.organization_id == self.organization_id
        yield EVENTS.c.at >= self.hour
        yield EVENTS.c.at < self.hour + _HOUR
        if self.holds:
            yield or_(*self.holds) if held else not_(or_(*self.holds))


def _end(now: datetime, days: int | None) -> datetime | None:
    """The full hour before which all is due."""
    return None if days is None else hour_of(now - timedelta(days=days))


def _hours(connection: Connection, organization_id: int, before: datetime) -> list[datetime]:
    """The hours before `before` in which an Event began, the oldest first."""
    found = connection.execute(
        select(_ROLLUPS.c.hour)
        .where(_ROLLUPS.c.organization_id == organization_id, _ROLLUPS.c.hour < before)
        .distinct()
        .order_by(_ROLLUPS.c.hour)
    )
    return list(found.scalars())


def _forget_content(connection: Connection, pks: Sequence[int]) -> None:
    """Take out what agents and people wrote; the tool's name stands for the summary."""
    forget_texts(connection, pks)
    connection.execute(
        update(_CONTENT).where(_CONTENT.c.event_pk.in_(pks)).values(slots=ERASED, slot_keys=b"")
    )
    connection.execute(
        update(_FINDINGS).where(_FINDINGS.c.event_pk.in_(pks)).values(excerpt="", sample=None)
    )
    connection.execute(
        update(EVENTS)
        .where(EVENTS.c.pk.in_(pks))
        .values(summary=EVENTS.c.tool, search="", cwd=None, repo=None, destination=None)
    )


def _forget_folders(
    connection: Connection,
    organization_id: int,
    before: datetime,
    holds: Sequence[ColumnElement[bool]],
) -> None:
    """Take out the folder of each Session that was over by then, and of which nothing is held."""
    sessions = table_of(Session)
    due = update(sessions).where(
        sessions.c.organization_id == organization_id,
        sessions.c.last_at < before,
        sessions.c.cwd.is_not(None),
    )
    if holds:
        of_it = EVENTS.c.session_id == sessions.c.session_id
        due = due.where(~select(EVENTS.c.pk).where(of_it, or_(*holds)).exists())
    connection.execute(due.values(cwd=None))
