"""How Events went over time: by kind, agent, risk and decision, in bars of one width."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.histogram import bar_rows, bar_start
from agentaudit_backend.store.reading.rollups import MONTHS


class Course(NamedTuple):
    """How many Events of one sort began in one bar."""

    start: datetime
    kind: str
    agent: str
    risk: int
    decision: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Events that began in one month, in UTC."""

    start: datetime
    events: int


def course(
    connection: Connection, organization_id: int, where: EventFilter, width_seconds: int
) -> tuple[Course, ...]:
    """The filtered Events in bars of `width_seconds`, as `histogram` has them; none is empty."""
    rows, place = bar_rows(connection, organization_id, where, width_seconds)
    sort = (rows.c.kind, rows.c.agent, rows.c.risk, rows.c.decision)
    found = select(place, *sort, func.sum(rows.c.events)).group_by(place, *sort)
    return tuple(
        Course(bar_start(int(at), width_seconds), kind, agent, int(risk), decision, int(events))
        for at, kind, agent, risk, decision, events in connection.execute(found)
    )


def months(connection: Connection, organization_id: int) -> tuple[Month, ...]:
    """All Events that are kept, the oldest month first."""
    found = (
        select(MONTHS.c.month, func.sum(MONTHS.c.events))
        .where(MONTHS.c.organization_id == organization_id, MONTHS.c.events > 0)
        .group_by(MONTHS.c.month)
        .order_by(MONTHS.c.month)
    )
    return tuple(
        Month(start=start, events=int(events)) for start, events in connection.execute(found)
    )
