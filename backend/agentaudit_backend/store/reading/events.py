"""Lists of Events."""

from dataclasses import replace

from sqlalchemy import Connection, RowMapping, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.keyset import Order, beyond, page
from agentaudit_backend.store.reading.rollups import is_rolled_up, total
from agentaudit_backend.store.views import TOTAL_CAP, EventRow, Page
from agentaudit_processor.model import Action, Decision, EventKind, Outcome, Phase, RiskLevel

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


def event_row_view(row: RowMapping) -> EventRow:
    """A row of `event` as a list shows it."""
    return EventRow(
        event_id=row["event_id"],
        at=row["at"],
        kind=EventKind(row["kind"]),
        phase=Phase(row["phase"]),
        session_id=row["session_id"],
        user=row["user_label"],
        agent=row["agent"],
        host=row["host"],
        action=Action(row["action"]),
        tool=row["tool"],
        risk=RiskLevel(row["risk"]),
        decision=Decision(row["decision"]),
        outcome=Outcome(row["outcome"]),
        pii_types=tuple(row["pii_types"]),
        secret_types=tuple(row["secret_types"]),
        summary=row["summary"],
        reason=row["reason"],
        dialect=row["dialect"],
    )
