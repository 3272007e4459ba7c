"""Events over time: at most 60 bars, of a width that people read easily."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    cast,
    func,
    literal,
    select,
    type_coerce,
)

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.nearest import nearest
from agentaudit_backend.store.reading.review_conditions import asked_states
from agentaudit_backend.store.reading.rollups import DAY, DAYS, HOURS, is_rolled_up, tallies
from agentaudit_backend.store.tallies import day_of
from agentaudit_backend.store.values import from_microseconds, to_microseconds
from agentaudit_backend.store.views import Bucket, Histogram
from agentaudit_processor.model import RiskLevel

MOST_BUCKETS = 60
_SECOND = 1_000_000
_INSTANT = timedelta(microseconds=1)
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_WIDTHS = (
    *(1, 5, 10, 30),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6)),
    # no half days: a month is read from what is counted by day, in a fifth of the time
    *(n * _DAY for n in (1, 2, 7, 14, 28, 91, 182, 364)),
)

_Day = tuple[datetime, int, int]
"""When a day begins, a risk level, Events."""


def histogram(connection: Connection, organization_id: int, where: EventFilter) -> Histogram:
    """The filtered Events by time and risk, over `[since, until)` or else from first to last."""
    is_open = where.since is None or where.until is None
    days = _days(connection, organization_id, where) if is_open and is_rolled_up(where) else None
    bounds = _bounds(connection, organization_id, where, days)
    if bounds is None:
        return Histogram(width_seconds=_HOUR, buckets=())
    first, last = bounds
    width = width_for(first, last)
    if days is not None and width % _DAY == 0:
        counts = _summed(days, width)
    else:
        counts = _counts(connection, organization_id, where, width)
    places = range(_place(first, width), _place(last, width) + 1)
    buckets = tuple(
        Bucket(
            start=bar_start(place, width),
            by_risk={level: counts.get((place, int(level)), 0) for level in RiskLevel},
        )
        for place in places
    )
    return Histogram(width_seconds=width, buckets=buckets)


def width_for(first: datetime, last: datetime) -> int:
    """Seconds of the narrowest bar with which `first` to `last` takes at most 60."""
    for width in _WIDTHS:
        if _place(last, width) - _place(first, width) < MOST_BUCKETS:
            return width
    days = (last - first) / timedelta(days=1)
    return ceil(days / (MOST_BUCKETS - 1)) * _DAY


def _place(at: datetime, width: int) -> int:
    return to_microseconds(at) // (width * _SECOND)


def _days(connection: Connection, organization_id: int, where: EventFilter) -> list[_Day]:
    """The filtered Events by day, or hour or moment at the ends of the window, and risk."""
    rows = tallies(organization_id, where)
    found = select(rows.c.at, rows.c.risk, func.sum(rows.c.events)).group_by(rows.c.at, rows.c.risk)
    return [(at, int(risk), int(events)) for at, risk, events in connection.execute(found)]


def _summed(days: Sequence[_Day], width: int) -> Mapping[tuple[int, int], int]:
    counts: Counter[tuple[int, int]] = Counter()
    for at, risk, events in days:
        counts[_place(at, width), risk] += events
    return counts


def _bounds(
    connection: Connection, organization_id: int, where: EventFilter, days: list[_Day] | None
) -> tuple[datetime, datetime] | None:
    """The first and the last moment to show, both inclusive."""
    first = where.since
    last = where.until - _INSTANT if where.until else None
    if first is None or last is None:
        found = _extent(connection, organization_id, where, days)
        if found is None:
            return None
        first, last = first or found[0], last or found[1]
    return None if last < first else (first, last)


def _extent(
    connection: Connection, organization_id: int, where: EventFilter, days: list[_Day] | None
) -> tuple[datetime, datetime] | None:
    """The moments of the first and the last filtered Event."""
    if days is not None and asked_states(where) is not None:  # some of a day's may be left out
        found = [
            row["at"]
            for descending in (False, True)
            for row in nearest(connection, organization_id, where, 1, descending=descending)
        ]
        return (found[0], found[1]) if found else None
    if days is None:
        ends = where, where
    elif not days:
        return None
    else:  # the days say where to look, so that few Events are read
        times = [at for at, _, _ in days]
        ends = _within(where, min(times)), _within(where, max(times))
    at = EVENTS.c.at
    first, last = (
        connection.execute(select(end).where(*conditions(organization_id, each))).scalar_one()
        for end, each in zip((func.min(at), func.max(at)), ends, strict=True)
    )
    return None if first is None else (first, last)


def _within(where: EventFilter, at: datetime) -> EventFilter:
    """`where` held to the day of `at`."""
    first, last = day_of(at), day_of(at) + DAY
    return replace(
        where, since=max(where.since or first, first), until=min(where.until or last, last)
    )


def _counts(
    connection: Connection, organization_id: int, where: EventFilter, width: int
) -> Mapping[tuple[int, int], int]:
    rows, place = bar_rows(connection, organization_id, where, width)
    found = connection.execute(
        select(place, rows.c.risk, func.sum(rows.c.events)).group_by(place, rows.c.risk)
    )
    return {(int(at), int(risk)): int(count) for at, risk, count in found}


def bar_rows(
    connection: Connection, organization_id: int, where: EventFilter, width: int
) -> tuple[FromClause, ColumnElement[int]]:
    """Rows that sum up to the filtered Events, and the number of the bar in which each stands."""
    if width % _HOUR:
        rows = _events(organization_id, where)
    else:  # bars of whole hours are sums of whole hours
        rows = tallies(organization_id, where, widest=HOURS if width % _DAY else DAYS)
    return rows, _place_column(connection, rows.c.at, width).label("place")


def bar_start(place: int, width: int) -> datetime:
    """When a bar begins."""
    return from_microseconds(place * width * _SECOND)


def _events(organization_id: int, where: EventFilter) -> FromClause:
    one = literal(1).label("events")
    sort = (EVENTS.c.kind, EVENTS.c.agent, EVENTS.c.risk, EVENTS.c.decision)
    found = select(EVENTS.c.at, *sort, one).where(*conditions(organization_id, where))
    return found.subquery()


def _place_column(connection: Connection, at: Any, width: int) -> ColumnElement[Any]:
    if connection.dialect.name == "sqlite":
        return type_coerce(at, BigInteger) // (width * _SECOND)
    # A bar over thousands of years has more seconds than a 32 bit parameter takes.
    seconds = literal(width, BigInteger)
    return cast(func.floor(func.extract("epoch", at) / seconds), BigInteger)
