"""Takes Events out of the store: their rows and their share in every figure. Leaves stay."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, select

from agentaudit_backend.store.bulk import delete_keys
from agentaudit_backend.store.partitions import drop_partition, keys_of
from agentaudit_backend.store.reading.conditions import EVENTS
from agentaudit_backend.store.reviews import forget_reviews, forget_reviews_of
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.shares import SORT, share_of_stored
from agentaudit_backend.store.tables import EventContent, EventFinding, table_of
from agentaudit_backend.store.tallies import Counted, take_from_rollups, take_from_sessions
from agentaudit_backend.store.text_index import forget_segments, forget_texts


def remove_events(connection: Connection, rows: Sequence[Row]) -> None:
    """Remove the Events of these whole rows; the caller holds the lock of their ledger."""
    pks = [row["pk"] for row in rows]
    for column in (
        table_of(EventFinding).c.event_pk,
        table_of(EventContent).c.event_pk,
        EVENTS.c.pk,
    ):
        delete_keys(connection, column, pks)
    forget_texts(connection, pks)
    forget_reviews(connection, rows)
    counted = [(share_of_stored(row), 1) for row in rows]
    take_from_rollups(connection, counted)
    take_from_sessions(connection, counted)


def remove_partition(connection: Connection, organization_id: int, name: str) -> int:
    """Remove a partition, all of whose Events are this organisation's; as `remove_events`.

    Returns:
        How many Events there were.
    """
    here = in_partition(name)
    hour = func.date_trunc("hour", EVENTS.c.at, "UTC").label("at")
    alike = (EVENTS.c.organization_id, EVENTS.c.session_id, hour, *(EVENTS.c[one] for one in SORT))
    counted = select(*alike, func.count().label("events")).where(here).group_by(*alike)
    removed: list[Counted] = [
        (share_of_stored({**row}), row["events"]) for row in connection.execute(counted).mappings()
    ]
    forget_reviews_of(connection, organization_id, select(EVENTS.c.event_id).where(here))
    drop_partition(connection, name)
    forget_segments(connection, *keys_of(name))
    take_from_rollups(connection, removed)
    take_from_sessions(connection, removed)
    return sum(count for _, count in removed)


def in_partition(name: str) -> ColumnElement[bool]:
    """The condition that an Event lies in this partition."""
    first, after = keys_of(name)
    return and_(EVENTS.c.pk >= first, EVENTS.c.pk < after)
