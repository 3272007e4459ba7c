"""Lists of Events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from agentaudit_backend.store.bulk import chunks
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.profiles import RULE, tags_by_profile
from agentaudit_backend.store.reading.conditions import (
    EVENTS,
    conditions,
    conditions_without_index,
)
from agentaudit_backend.store.reading.detail import event_details, event_row_view
from agentaudit_backend.store.reading.keyset import Order, beyond, page
from agentaudit_backend.store.reading.nearest import TIME, Place, nearest
from agentaudit_backend.store.reading.rollups import is_rolled_up, total
from agentaudit_backend.store.views import TOTAL_CAP, EventDetail, EventRow, Page
from agentaudit_processor.model import RiskLevel

ORDERS = {
    "-time": Order(name="-time", columns=TIME),
    "time": Order(name="time", columns=TIME, descending=False),
    "-risk": Order(name="-risk", columns=(EVENTS.c.risk, *TIME)),
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
    known = known_total(connection, organization_id, where)
    if known == 0 and cursor is None:
        return Page(items=(), newer=None, older=None, total=0)

    def by_time(place: list[Any] | None, descending: bool, count: int) -> list[RowMapping]:
        at = None if place is None else (place[0], place[1])
        return nearest(connection, organization_id, where, count, place=at, descending=descending)

    def by_risk(place: list[Any] | None, descending: bool, count: int) -> list[RowMapping]:
        return _level_by_level(
            connection, organization_id, where, count, place=place, descending=descending
        )

    find = by_risk if sort == "-risk" else by_time
    return page(
        connection,
        rows,
        ORDERS[sort],
        cursor=cursor,
        limit=limit,
        offset=offset,
        total=known,
        build=event_row_view,
        find=None if offset else find,
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
        rows = rows.where(beyond(TIME, place, descending=True))
    ordered = rows.order_by(*(column.desc() for column in TIME))
    found = connection.execute(ordered).mappings().all()
    last = (found[-1]["at"], found[-1]["pk"]) if len(found) == limit else None
    return event_details(connection, organization_id, found), last


def count_up_to(connection: Connection, organization_id: int, where: EventFilter, most: int) -> int:
    """How many Events the filter holds; counting stops at `most`."""
    if is_rolled_up(where):
        return min(most, total(connection, organization_id, where))
    some = select(EVENTS.c.pk).where(*conditions(organization_id, where)).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def known_total(connection: Connection, organization_id: int, where: EventFilter) -> int | None:
    """How many Events the filter holds, up to `TOTAL_CAP`; None where they had to be read."""
    if not is_rolled_up(where):
        return None
    return min(TOTAL_CAP, total(connection, organization_id, where))


def known_events(
    connection: Connection, organization_id: int, event_ids: Sequence[str]
) -> tuple[str, ...]:
    """Those of these ids that are here, in their order."""
    found = connection.execute(
        select(EVENTS.c.event_id)
        .where(EVENTS.c.organization_id == organization_id)
        .where(EVENTS.c.event_id.in_(list(event_ids)))
    )
    here = set(found.scalars())
    return tuple(dict.fromkeys(each for each in event_ids if each in here))


def rows_among(
    connection: Connection, organization_id: int, where: EventFilter, event_ids: Sequence[str]
) -> tuple[EventRow, ...]:
    """Those of the Events with these ids that the filter holds, in no order."""
    # SQLite would read the whole window rather than look the ids up: time is compared here.
    timeless = conditions_without_index(organization_id, replace(where, since=None, until=None))
    found: list[EventRow] = []
    for chunk in chunks(event_ids):
        rows = connection.execute(select(EVENTS).where(EVENTS.c.event_id.in_(chunk), *timeless))
        found += [event_row_view(row) for row in rows.mappings() if _is_within(where, row["at"])]
    return tuple(found)


def _is_within(where: EventFilter, at: datetime) -> bool:
    begun = where.since is None or at >= where.since
    return begun and (where.until is None or at < where.until)


def rules_by_event(
    connection: Connection, organization_id: int, event_ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Ids of the rules that matched each of these Events, sorted."""
    found = connection.execute(
        select(EVENTS.c.event_id, EVENTS.c.profile)
        .where(EVENTS.c.organization_id == organization_id)
        .where(EVENTS.c.event_id.in_(list(event_ids)))
    ).all()
    tags = tags_by_profile(connection, sorted({row.profile for row in found}))
    return {
        row.event_id: tuple(value for kind, value in tags[row.profile] if kind == RULE)
        for row in found
    }


def riskiest(
    connection: Connection, organization_id: int, where: EventFilter, count: int
) -> tuple[EventRow, ...]:
    """The filtered Events of the highest levels, newest first within a level."""
    rows = _level_by_level(connection, organization_id, where, count)
    return tuple(event_row_view(row) for row in rows)


def _level_by_level(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    count: int,
    *,
    place: Sequence[Any] | None = None,
    descending: bool = True,
) -> list[RowMapping]:
    """Up to `count` filtered Events beyond `place` in the order of risk, then of time."""
    found: list[RowMapping] = []
    for level in sorted(where.risks or RiskLevel, reverse=descending):
        is_passed = place is not None and (level > place[0] if descending else level < place[0])
        if is_passed:
            continue
        is_here = place is not None and level == place[0]
        found += nearest(
            connection,
            organization_id,
            replace(where, risks=(level,)),
            count - len(found),
            place=(place[1], place[2]) if place is not None and is_here else None,
            descending=descending,
        )
        if len(found) >= count:
            break
    return found
