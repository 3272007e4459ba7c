"""The next Events of a filter before or after a moment, whatever the filter, without a long search.

No index holds every filter in order of time, and few Events of many would be looked for one by
one. The days and hours counted beforehand say where they are; only there is looked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, Table, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.keyset import beyond
from agentaudit_backend.store.reading.review_conditions import unreviewed
from agentaudit_backend.store.reading.rollups import (
    DAY,
    DAYS,
    HOUR,
    HOURS,
    counted,
    is_rolled_up,
    reviewed_among,
)
from agentaudit_backend.store.tallies import day_of, hour_of
from agentaudit_processor.model import EventKind

Place = tuple[datetime, int]
"""Where an Event stands in time: its `at`, and its `pk` among those of one moment."""

TIME = (EVENTS.c.at, EVENTS.c.pk)
_NEAR = 3 * HOUR
"""Spans that are no further apart are looked through as one."""


class Span(NamedTuple):
    """A piece of time, half-open; an end that is None is open."""

    since: datetime | None
    until: datetime | None


def nearest(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    count: int,
    *,
    place: Place | None = None,
    descending: bool = True,
) -> list[RowMapping]:
    """Up to `count` rows of filtered Events beyond `place`, in order of time."""
    found: list[RowMapping] = []
    order = [column.desc() if descending else column.asc() for column in TIME]
    search = _Search(
        connection=connection,
        organization_id=organization_id,
        where=where,
        count=count,
        place=place,
        descending=descending,
    )
    for span in search.spans():
        within = replace(where, since=span.since, until=span.until)
        rows = select(EVENTS).where(*conditions(organization_id, within))
        if place is not None and _holds(span, place[0]):
            rows = rows.where(beyond(TIME, place, descending=descending))
        limited = rows.order_by(*order).limit(count - len(found))
        found += connection.execute(limited).mappings().all()
        if len(found) >= count:
            break
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What is looked for, from where on."""

    connection: Connection
    organization_id: int
    where: EventFilter
    count: int
    place: Place | None
    descending: bool

    def spans(self) -> Sequence[Span]:
        """Where to look, the first piece first."""
        since, until = self.where.since, self.where.until
        if not is_rolled_up(self.where) or not _is_narrow(self.where):
            return (Span(since, until),)
        if self.place is not None and self.descending:
            until = _earlier(until, self.place[0])
        elif self.place is not None:
            since = _later(since, self.place[0])
        days = list(self._starts(since, until, DAYS))
        if not days:
            return ()
        first, last = _later(since, min(days)), _earlier(until, max(days) + DAY)
        hours = list(self._starts(first, last, HOURS))
        return [
            Span(_later(self.where.since, start), _earlier(self.where.until, end))
            for start, end in _merged(hours, descending=self.descending)
        ]

    def _starts(
        self, since: datetime | None, until: datetime | None, table: Table
    ) -> Iterator[datetime]:
        """Spans, nearest first, that hold `count` Events between them, and those to be left out."""
        start_of, width = (day_of, DAY) if table is DAYS else (hour_of, HOUR)
        wanted = self.count + self._left_out()
        within = replace(
            self.where,
            since=None if since is None else start_of(since),
            until=None if until is None else start_of(until) + width,
        )
        rows = counted(self.organization_id, within, table).subquery()
        found = self.connection.execute(
            select(rows.c.at, func.sum(rows.c.events))
            .group_by(rows.c.at)
            .order_by(rows.c.at.desc() if self.descending else rows.c.at.asc())
            .limit(wanted + 2)
        )
        # of a span at either end, it is not known how many are within
        ends = {start_of(each) for each in (since, until) if each is not None}
        seen = 0
        for start, events in found:
            yield start
            seen += 0 if start in ends else int(events)
            if seen >= wanted:
                return

    def _left_out(self) -> int:
        """How many Events the counts know that people have reviewed, and that are not asked for."""
        rows = reviewed_among(self.organization_id, self.where)
        if rows is None:
            return 0
        counted_rows = select(func.count()).select_from(rows.subquery())
        return int(self.connection.execute(counted_rows).scalar_one())


def _is_narrow(where: EventFilter) -> bool:
    """Tell whether it has a condition that few Events meet; time, `new`, being a call most do."""
    rest = unreviewed(where)
    usual = rest.kinds if EventKind.TOOL_CALL in rest.kinds else ()
    return rest != EventFilter(since=rest.since, until=rest.until, kinds=usual)


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def _merged(hours: list[datetime], *, descending: bool) -> list[tuple[datetime, datetime]]:
    """The hours as few longer spans."""
    spans: list[tuple[datetime, datetime]] = []
    for hour in sorted(hours):
        if spans and hour - spans[-1][1] <= _NEAR:
            spans[-1] = (spans[-1][0], hour + HOUR)
        else:
            spans.append((hour, hour + HOUR))
    return spans[::-1] if descending else spans


def _holds(span: Span, at: datetime) -> bool:
    after = span.since is None or span.since <= at
    return after and (span.until is None or at < span.until)
