"""How many Events of each sort: from hours, days and months counted beforehand where they can tell.

A filter by words, Session or whatever else the counts do not tell, and the parts of an hour at the
ends of a window, are counted from the Events themselves; so the sum is exact, and the same as that
of the list. Of Events that nobody has reviewed, the counts tell all, and the few that somebody has
are taken off again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    func,
    literal,
    select,
    union_all,
)

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import (
    EVENTS,
    conditions,
    conditions_without_index,
    sort_conditions,
)
from agentaudit_backend.store.reading.review_conditions import asked_states, unreviewed
from agentaudit_backend.store.reading.term_conditions import is_of_sort
from agentaudit_backend.store.shares import SORT
from agentaudit_backend.store.tables import RollupDay, RollupHour, RollupMonth, table_of
from agentaudit_backend.store.tallies import day_of, hour_of, month_of
from agentaudit_processor.model import ReviewState

HOURS, DAYS, MONTHS = table_of(RollupHour), table_of(RollupDay), table_of(RollupMonth)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_LONGEST_MONTH = 31 * DAY
_LAST = datetime.max.replace(tzinfo=UTC)
"""Behind it no span begins."""
_UNITS = (MONTHS, DAYS, HOURS)
"""The widest first."""
_STARTS: Final[Mapping[str, tuple[str, Callable[[datetime], datetime], timedelta]]] = {
    MONTHS.name: ("month", month_of, _LONGEST_MONTH),
    DAYS.name: ("day", day_of, DAY),
    HOURS.name: ("hour", hour_of, HOUR),
}
"""The column that tells when a span of a table begins, what gives it, and how long one can be."""


def is_rolled_up(where: EventFilter) -> bool:
    """Tell whether the counts know every condition but the ends of the window.

    They do of what nobody has reviewed, too: all but few.
    """
    states = asked_states(where)
    if states is not None and ReviewState.NEW not in states:
        return False
    rest = unreviewed(where)
    typed = rest.words or rest.words_excluded or not all(map(is_of_sort, rest.terms))
    return not (typed or rest.sessions)


def tallies(organization_id: int, where: EventFilter, *, widest: Table = DAYS) -> FromClause:
    """Rows of `SORT`, `at` and `events` that sum up to the filtered Events.

    `at` is the moment of an Event, or the start of the hour, day or month in which several were;
    of no span that is wider than those of the table `widest`. Some rows may take Events off again
    (`events` is negative), so that a sum of nothing stands for no Event.
    """
    if not is_rolled_up(where):
        return _of_events(organization_id, where).subquery()
    units = _UNITS[_UNITS.index(widest) :]
    pieces = list(_pieces(organization_id, unreviewed(where), units))
    reviewed = reviewed_among(organization_id, where)
    return union_all(*pieces, *([] if reviewed is None else [reviewed])).subquery()


def reviewed_among(organization_id: int, where: EventFilter) -> Select[Any] | None:
    """Rows that take off what people said something else of than a filter `is_rolled_up` asks."""
    states = asked_states(where)
    if states is None:
        return None
    others = tuple(state for state in ReviewState if state not in states)
    of_others = replace(unreviewed(where), reviews=others)
    conditions = conditions_without_index(organization_id, of_others)  # the reviews lead to them
    return select(*_sort_columns(), EVENTS.c.at.label("at"), literal(-1).label("events")).where(
        *conditions
    )


def total(connection: Connection, organization_id: int, where: EventFilter) -> int:
    """How many Events the filter holds."""
    rows = tallies(organization_id, where, widest=MONTHS)
    return int(connection.execute(select(func.coalesce(func.sum(rows.c.events), 0))).scalar_one())


def counted(organization_id: int, where: EventFilter, table: Table) -> Select[Any]:
    """The rows of one of the tables that the filter holds; its window is of whole spans."""
    columns = table.c
    start = columns[_STARTS[table.name][0]]
    found = select(*(columns[name] for name in SORT), start.label("at"), columns.events)
    found = found.where(columns.organization_id == organization_id, columns.events > 0)
    if where.since is not None:
        found = found.where(start >= where.since)
    if where.until is not None:
        found = found.where(start < where.until)
    return found.where(*sort_conditions(columns, where))


def _pieces(
    organization_id: int, where: EventFilter, units: Sequence[Table]
) -> Iterator[Select[Any]]:
    """The whole spans of the window, and its pieces at either end in narrower ones."""
    if not units:
        yield _of_events(organization_id, where)
        return
    unit, *narrower = units
    first, last = _whole(where, unit)
    if first is not None and last is not None and first >= last:
        yield from _pieces(organization_id, where, narrower)
        return
    yield counted(organization_id, replace(where, since=first, until=last), unit)
    if first is not None and first != where.since:
        yield from _pieces(organization_id, replace(where, until=first), narrower)
    if last is not None and last != where.until:
        yield from _pieces(organization_id, replace(where, since=last), narrower)


def _whole(where: EventFilter, unit: Table) -> tuple[datetime | None, ...]:
    """Where the first whole span of the window begins and the last ends; None: it has no end."""
    _, start_of, width = _STARTS[unit.name]
    first = None
    if where.since is not None:
        start = start_of(where.since)
        follows = start_of(start + width) if start < _LAST - width else _LAST
        first = start if start == where.since else follows
    return first, None if where.until is None else start_of(where.until)


def _of_events(organization_id: int, where: EventFilter) -> Select[Any]:
    found = select(*_sort_columns(), EVENTS.c.at.label("at"), literal(1).label("events"))
    return found.where(*conditions(organization_id, where))


def _sort_columns() -> list[ColumnElement[Any]]:
    """`SORT` of an Event; the counts know no host as an empty name."""
    return [
        func.coalesce(EVENTS.c.host, "").label("host") if name == "host" else EVENTS.c[name]
        for name in SORT
    ]
