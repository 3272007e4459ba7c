"""Events over time: at most 60 bars, of a width that people read easily."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    cast,
    func,
    literal,
    select,
    type_coerce,
)

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.types import from_microseconds, to_microseconds
from agentaudit_backend.store.views import Bucket, Histogram
from agentaudit_processor.model import RiskLevel

MOST_BUCKETS = 60
_SECOND = 1_000_000
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_WIDTHS = (
    *(1, 5, 10, 30),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 28, 91, 182, 364)),
)


def histogram(connection: Connection, organization_id: int, where: EventFilter) -> Histogram:
    """The filtered Events by time and risk, over `[since, until)` or else from first to last."""
    bounds = _bounds(connection, organization_id, where)
    if bounds is None:
        return Histogram(width_seconds=_HOUR, buckets=())
    first, last = bounds
    width = width_for(first, last)
    counts = _counts(connection, organization_id, where, width)
    places = range(_place(first, width), _place(last, width) + 1)
    buckets = tuple(
        Bucket(
            start=from_microseconds(place * width * _SECOND),
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


def _bounds(
    connection: Connection, organization_id: int, where: EventFilter
) -> tuple[datetime, datetime] | None:
    """The first and the last moment to show, both inclusive."""
    first = where.since
    last = where.until - timedelta(microseconds=1) if where.until else None
    if first is None or last is None:
        at = EVENTS.c.at
        found = connection.execute(
            select(func.min(at), func.max(at)).where(*conditions(organization_id, where))
        ).one()
        first, last = first or found[0], last or found[1]
    return None if first is None or last is None or last < first else (first, last)


def _counts(
    connection: Connection, organization_id: int, where: EventFilter, width: int
) -> dict[tuple[int, int], int]:
    place = _place_column(connection, width).label("place")
    found = connection.execute(
        select(place, EVENTS.c.risk, func.count())
        .where(*conditions(organization_id, where))
        .group_by(place, EVENTS.c.risk)
    )
    return {(int(at), int(risk)): count for at, risk, count in found}


def _place_column(connection: Connection, width: int) -> ColumnElement[Any]:
    if connection.dialect.name == "sqlite":
        return type_coerce(EVENTS.c.at, BigInteger) // (width * _SECOND)
    seconds = literal(width, BigInteger)  # a bar of a range that ends in 9999 exceeds 32 bits
    return cast(func.floor(func.extract("epoch", EVENTS.c.at) / seconds), BigInteger)
