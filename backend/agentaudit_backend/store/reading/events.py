"""Lists of Events."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.detail import event_details, event_row_view
from agentaudit_backend.store.reading.keyset import Order, beyond, page
from agentaudit_backend.store.reading.rollups import is_rolled_up, total
from agentaudit_backend.store.views import TOTAL_CAP, EventDetail, EventRow, Page
from agentaudit_processor.model import RiskLevel

Place = tuple[datetime, int]
"""Where an Event stands in time: its `at`, and its `pk` among those of one moment."""

_TIME = (EVENTS.c.at, EVENTS.c.pk)
ORDERS = {
    "-time": Order(name="-time", columns=_TIME),
    "time": Order(name="time", columns=_TIME, descending=False),
    "-risk": Order(name="-risk", columns=(EVENTS.c.risk, *_TIME)),
}


def list_events(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    *,
    cursor: str | None,
    limit: int,
    sort: str,
    offset: int,
) -> Page[EventRow]:
    """One page of the filtered Events."""
    rows = select(EVENTS).where(*conditions(organization_id, where))
    known = None
    if is_rolled_up(where):
        known = min(TOTAL_CAP, total(connection, organization_id, where))
        if known == 0 and cursor is None:
            return Page(items=(), newer=None, older=None, total=0)
    return page(
        connection,
        rows,
        ORDERS[sort],
        cursor=cursor,
        limit=limit,
        offset=offset,
        total=known,
        build=event_row_view,
    )


def event_details_after(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    place: Place | None,
    limit: int,
) -> tuple[list[EventDetail], Place | None]:
    """The next filtered Events after `place`, newest first, and where the last of them stands.

    Without a place it begins at the newest; there is none after the last Event.
    """
    rows = select(EVENTS).where(*conditions(organization_id, where)).limit(limit)
    if place is not None:
        rows = rows.where(beyond(_TIME, place, descending=True))
    ordered = rows.order_by(*(column.desc() for column in _TIME))
    found = connection.execute(ordered).mappings().all()
    last = (found[-1]["at"], found[-1]["pk"]) if len(found) == limit else None
    return event_details(connection, organization_id, found), last


def count_up_to(connection: Connection, organization_id: int, where: EventFilter, most: int) -> int:
    """How many Events the filter holds; counting stops at `most`."""
    if is_rolled_up(where):
        return min(most, total(connection, organization_id, where))
    some = select(EVENTS.c.pk).where(*conditions(organization_id, where)).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def beside(
    connection: Connection, organization_id: int, where: EventFilter, event_id: str, count: int
) -> tuple[tuple[EventRow, ...], tuple[EventRow, ...]]:
    """Up to `count` filtered Events before and after one, the nearest first; ties by their pk."""
    place = connection.execute(
        select(*_TIME)
        .where(EVENTS.c.organization_id == organization_id)
        .where(EVENTS.c.event_id == event_id)
    ).one_or_none()
    if place is None:
        return (), ()
    rows = select(EVENTS).where(*conditions(organization_id, where)).limit(count)
    older = rows.where(beyond(_TIME, place, descending=True))
    newer = rows.where(beyond(_TIME, place, descending=False))
    found = (
        connection.execute(older.order_by(*(column.desc() for column in _TIME))),
        connection.execute(newer.order_by(*_TIME)),
    )
    before, after = (tuple(event_row_view(row) for row in each.mappings()) for each in found)
    return before, after


def riskiest(
    connection: Connection, organization_id: int, where: EventFilter, count: int
) -> tuple[EventRow, ...]:
    """The filtered Events of the highest levels, newest first within a level."""
    found: list[EventRow] = []
    for level in sorted(where.risks or RiskLevel, reverse=True):  # one index holds each in order
        rows = (
            select(EVENTS)
            .where(*conditions(organization_id, replace(where, risks=(level,))))
            .order_by(EVENTS.c.at.desc(), EVENTS.c.pk.desc())
            .limit(count - len(found))
        )
        found += [event_row_view(row) for row in connection.execute(rows).mappings()]
        if len(found) == count:
            break
    return tuple(found)
