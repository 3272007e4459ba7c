"""How many Events of each sort: from the hours counted beforehand where those can tell.

A filter by words, tool, Session or whatever else hours do not tell, and the parts of an hour at
the ends of a window, are counted from the Events themselves; so the sum is exact, and the same as
that of the list.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, FromClause, Select, func, literal, select, union_all

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions, sort_conditions
from agentaudit_backend.store.reading.term_conditions import is_of_sort
from agentaudit_backend.store.tables import RollupHour, table_of
from agentaudit_backend.store.tallies import hour_of

SORT = ("kind", "action", "risk", "decision", "user_label", "agent", "has_pii")
"""Columns of a tally beside `at`, when, and `events`, how many."""

_ROLLUPS = table_of(RollupHour)
_HOUR = timedelta(hours=1)


def is_rolled_up(where: EventFilter) -> bool:
    """Tell whether the hours' counts know every condition but the ends of the window."""
    typed = where.words or where.words_excluded or not all(map(is_of_sort, where.terms))
    return not (typed or where.sessions or where.tools)


def tallies(organization_id: int, where: EventFilter) -> FromClause:
    """Rows of `SORT`, `at` and `events` that sum up to the filtered Events.

    `at` is the moment of an Event, or the hour in which several were.
    """
    if not is_rolled_up(where):
        return _of_events(organization_id, where).subquery()
    return union_all(*_parts(organization_id, where)).subquery()


def total(connection: Connection, organization_id: int, where: EventFilter) -> int:
    """How many Events the filter holds."""
    rows = tallies(organization_id, where)
    return int(connection.execute(select(func.coalesce(func.sum(rows.c.events), 0))).scalar_one())


def _parts(organization_id: int, where: EventFilter) -> Iterator[Select[Any]]:
    """The whole hours of the window, and the piece of one at either end."""
    first = None if where.since is None else _next_hour(where.since)
    last = None if where.until is None else hour_of(where.until)
    if first is not None and last is not None and first >= last:
        yield _of_events(organization_id, where)
        return
    yield _of_hours(organization_id, replace(where, since=first, until=last))
    if first != where.since:
        yield _of_events(organization_id, replace(where, until=first))
    if last != where.until:
        yield _of_events(organization_id, replace(where, since=last))


def _of_hours(organization_id: int, where: EventFilter) -> Select[Any]:
    columns = _ROLLUPS.c
    found = select(*(columns[name] for name in SORT), columns.hour.label("at"), columns.events)
    found = found.where(columns.organization_id == organization_id, columns.events > 0)
    if where.since is not None:
        found = found.where(columns.hour >= where.since)
    if where.until is not None:
        found = found.where(columns.hour < where.until)
    return found.where(*sort_conditions(columns, where))


def _of_events(organization_id: int, where: EventFilter) -> Select[Any]:
    columns = (*(EVENTS.c[name] for name in SORT), EVENTS.c.at)
    return select(*columns, literal(1).label("events")).where(*conditions(organization_id, where))


def _next_hour(at: datetime) -> datetime:
    hour = hour_of(at)
    return hour if hour == at else hour + _HOUR
