"""What stands around an Event: in its Session, and in the list from which somebody came to it."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS
from agentaudit_backend.store.reading.detail import event_row_view
from agentaudit_backend.store.reading.events import known_total
from agentaudit_backend.store.reading.nearest import TIME, nearest
from agentaudit_backend.store.views import EventRow

AROUND = 5
"""Events of the Session before, and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Events before and after one, the nearest first; those of one moment by their pk."""

    before: tuple[EventRow, ...]
    """In its Session."""
    after: tuple[EventRow, ...]
    older: EventRow | None
    """The next in the list."""
    newer: EventRow | None
    total: int | None
    """How many the list has, up to `TOTAL_CAP`; None where they had to be read."""


def surroundings(
    connection: Connection, organization_id: int, event: EventRow, where: EventFilter
) -> Surroundings:
    """Around `event`, in its Session and in the list that `where` asks for."""
    place = connection.execute(
        select(*TIME)
        .where(EVENTS.c.organization_id == organization_id)
        .where(EVENTS.c.event_id == event.event_id)
    ).one_or_none()

    def beside(where: EventFilter, count: int, *, descending: bool) -> tuple[EventRow, ...]:
        if place is None:  # removed just now
            return ()
        at = (place.at, place.pk)
        rows = nearest(connection, organization_id, where, count, place=at, descending=descending)
        return tuple(map(event_row_view, rows))

    within = EventFilter(sessions=(event.session_id,))
    return Surroundings(
        before=beside(within, AROUND, descending=True),
        after=beside(within, AROUND, descending=False),
        older=next(iter(beside(where, 1, descending=True)), None),
        newer=next(iter(beside(where, 1, descending=False)), None),
        total=known_total(connection, organization_id, where),
    )
