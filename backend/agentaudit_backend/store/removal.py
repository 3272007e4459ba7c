"""Takes Events out of the store: their rows and their share in every figure. Leaves stay."""

from collections.abc import Sequence

from sqlalchemy import Connection

from agentaudit_backend.store.bulk import delete_keys
from agentaudit_backend.store.reviews import forget_reviews
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.tables import (
    Event,
    EventContent,
    EventFinding,
    table_of,
)
from agentaudit_backend.store.tallies import take_from_rollups, take_from_sessions


def remove_events(connection: Connection, rows: Sequence[Row]) -> None:
    """Remove the Events of these whole rows; the caller holds the lock of their ledger."""
    pks = [row["pk"] for row in rows]
    for column in (
        table_of(EventFinding).c.event_pk,
        table_of(EventContent).c.event_pk,
        table_of(Event).c.pk,
    ):
        delete_keys(connection, column, pks)
    forget_reviews(connection, rows)
    take_from_rollups(connection, rows)
    take_from_sessions(connection, rows)
