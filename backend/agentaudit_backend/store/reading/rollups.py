"""How many Events of each sort: from the hours and days counted beforehand where those can tell.

A filter by words, Session or whatever else the counts do not tell, and the parts of an hour at the
ends of a window, are counted from the Events themselves; so the sum is exact, and the same as that
of the list.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, FromClause, Select, Table, func, literal, select, union_all

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions, sort_conditions
from agentaudit_backend.store.reading.term_conditions import is_of_sort
from agentaudit_backend.store.tables import RollupDay, RollupHour, table_of
from agentaudit_backend.store.tallies import SORT, day_of, hour_of

HOURS, DAYS = table_of(RollupHour), table_of(RollupDay)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def is_rolled_up(where: EventFilter) -> bool:
    """Tell whether the counts know every condition but the ends of the window."""
    typed = where.words or where.words_excluded or not all(map(is_of_sort, where.terms))
    return not (typed or where.sessions or where.reviews)


def tallies(organization_id: int, where: EventFilter, *, by_day: bool = True) -> FromClause:
    """Rows of `SORT`, `at` and `events` that sum up to the filtered Events.

    `at` is the moment of an Event, or the hour or day in which several were; without `by_day` no
    day.
    """
    if not is_rolled_up(where):
        return _of_events(organization_id, where).subquery()
    parts = _by_day if by_day else _by_hour
    return union_all(*parts(organization_id, where)).subquery()


def total(connection: Connection, organization_id: int, where: EventFilter) -> int:
    """How many Events the filter holds."""
    rows = tallies(organization_id, where)
    return int(connection.execute(select(func.coalesce(func.sum(rows.c.events), 0))).scalar_one())


def counted(organization_id: int, where: EventFilter, table: Table) -> Select[Any]:
    """The rows of one of the two tables that the filter holds; its window is of whole spans."""
    columns = table.c
    start = columns.hour if table is HOURS else columns.day
    found = select(*(columns[name] for name in SORT), start.label("at"), columns.events)
    found = found.where(columns.organization_id == organization_id, columns.events > 0)
    if where.since is not None:
        found = found.where(start >= where.since)
    if where.until is not None:
        found = found.where(start < where.until)
    return found.where(*sort_conditions(columns, where))


def _by_day(organization_id: int, where: EventFilter) -> Iterator[Select[Any]]:
    """The whole days of the window, and the hours and moments at either end."""
    first, last = _whole(where, day_of, DAY)
    if first is not None and last is not None and first >= last:
        yield from _by_hour(organization_id, where)
        return
    yield counted(organization_id, replace(where, since=first, until=last), DAYS)
    if first is not None and first != where.since:
        yield from _by_hour(organization_id, replace(where, until=first))
    if last is not None and last != where.until:
        yield from _by_hour(organization_id, replace(where, since=last))


def _by_hour(organization_id: int, where: EventFilter) -> Iterator[Select[Any]]:
    """The whole hours of the window, and the piece of one at either end."""
    first, last = _whole(where, hour_of, HOUR)
    if first is not None and last is not None and first >= last:
        yield _of_events(organization_id, where)
        return
    yield counted(organization_id, replace(where, since=first, until=last), HOURS)
    if first is not None and first != where.since:
        yield _of_events(organization_id, replace(where, until=first))
    if last is not None and last != where.until:
        yield _of_events(organization_id, replace(where, since=last))


def _whole(where: EventFilter, start_of: Any, width: timedelta) -> tuple[datetime | None, ...]:
    """Where the first whole span of the window begins and the last ends; None: it has no end."""
    first = None
    if where.since is not None:
        start = start_of(where.since)
        first = start if start == where.since else start + width
    return first, None if where.until is None else start_of(where.until)


def _of_events(organization_id: int, where: EventFilter) -> Select[Any]:
    columns = [
        func.coalesce(EVENTS.c.host, "").label("host") if name == "host" else EVENTS.c[name]
        for name in SORT
    ]
    found = select(*columns, EVENTS.c.at.label("at"), literal(1).label("events"))
    return found.where(*conditions(organization_id, where))
