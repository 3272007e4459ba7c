"""Events in the order in which they came to be stored, for whoever watches."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.detail import event_row_view
from agentaudit_backend.store.views import EventRow

_BITE = 1000
"""New Events that are looked at in one go; what is beyond waits for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Filtered Events that came, newest by their own time first, and up to where was looked."""

    events: tuple[EventRow, ...]
    upto: int


def latest_number(connection: Connection) -> int:
    """The number of the Event that came last; 0 when none ever did."""
    return int(connection.execute(select(func.max(EVENTS.c.pk))).scalar() or 0)


def arrived_after(
    connection: Connection, organization_id: int, where: EventFilter, number: int
) -> Arrived:
    """What came after the Event with this number; one that was completed is not new."""
    # The numbers first: else an index of the filter might be walked from its beginning.
    numbers = list(
        connection.execute(
            select(EVENTS.c.pk).where(EVENTS.c.pk > number).order_by(EVENTS.c.pk).limit(_BITE)
        ).scalars()
    )
    if not numbers:
        return Arrived(events=(), upto=number)
    found = connection.execute(
        select(EVENTS)
        .where(EVENTS.c.pk.in_(numbers), *conditions(organization_id, where))
        .order_by(EVENTS.c.at.desc(), EVENTS.c.pk.desc())
    )
    return Arrived(events=tuple(event_row_view(row) for row in found.mappings()), upto=numbers[-1])
