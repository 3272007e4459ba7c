"""What people said of Events: reviewed, a false positive, to be followed up. Only ever added to.

The Events themselves stay as they are; each word is also an Event of its own, in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, Select, delete, func, insert, select

from agentaudit_backend.store.bulk import chunks
from agentaudit_backend.store.control_words import ControlWords
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.ingest import write_parts
from agentaudit_backend.store.parts import Part
from agentaudit_backend.store.review_tables import Review as ReviewTable
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.tables import table_of
from agentaudit_processor.model import ReviewState

_TABLE = table_of(ReviewTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One word of one person on one Event."""

    event_id: str
    state: ReviewState
    note: str
    author: str
    at: datetime


class Reviews:
    """Those of one database. Safe for several threads and servers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, organization_id: int, reviews: Sequence[Review], record: Sequence[Part]) -> None:
        """Keep `reviews`, and the Events that tell of them, all or nothing.

        Raises:
            Unavailable: they are not known to be stored.
        """
        if not reviews:
            return
        with writing(self._engine) as connection:
            write_parts(
                connection,
                organization_id,
                record,
                words=ControlWords(),
                recorded_at=reviews[0].at,
            )
            connection.execute(
                insert(_TABLE),
                [
                    {
                        "organization_id": organization_id,
                        "event_id": review.event_id,
                        "state": review.state.value,
                        "note": review.note,
                        "author": review.author,
                        "at": review.at,
                    }
                    for review in reviews
                ],
            )

    def latest(self, organization_id: int, event_ids: Sequence[str]) -> Mapping[str, Review]:
        """The word that counts, for each of these Events of which anything was said."""
        found: dict[str, Review] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(event_ids):
                last = (
                    select(func.max(_TABLE.c.pk))
                    .where(_TABLE.c.organization_id == organization_id)
                    .where(_TABLE.c.event_id.in_(chunk))
                    .group_by(_TABLE.c.event_id)
                )
                rows = connection.execute(select(_TABLE).where(_TABLE.c.pk.in_(last)))
                found |= {row["event_id"]: _view(row) for row in rows.mappings()}
        return found

    def all_latest(self, organization_id: int) -> Mapping[str, ReviewState]:
        """The word that counts, for every Event of which anything was said."""
        last = (
            select(func.max(_TABLE.c.pk))
            .where(_TABLE.c.organization_id == organization_id)
            .group_by(_TABLE.c.event_id)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(_TABLE.c.event_id, _TABLE.c.state).where(_TABLE.c.pk.in_(last))
            )
            return {event_id: ReviewState(state) for event_id, state in rows}

    def history(self, organization_id: int, event_id: str) -> tuple[Review, ...]:
        """All that was said of one Event, the latest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(_TABLE)
                .where(_TABLE.c.organization_id == organization_id)
                .where(_TABLE.c.event_id == event_id)
                .order_by(_TABLE.c.pk.desc())
            )
            return tuple(_view(row) for row in rows.mappings())


def forget_reviews(connection: Connection, rows: Sequence[Row]) -> None:
    """Remove what was said of Events that are removed; that it was said stays an Event."""
    for organization_id in {row["organization_id"] for row in rows}:
        ids = [row["event_id"] for row in rows if row["organization_id"] == organization_id]
        for chunk in chunks(ids):
            forget_reviews_of(connection, organization_id, chunk)


def forget_reviews_of(
    connection: Connection, organization_id: int, event_ids: Sequence[str] | Select[tuple[str]]
) -> None:
    """The same by the Events' ids, or by a query that gives them."""
    connection.execute(
        delete(_TABLE)
        .where(_TABLE.c.organization_id == organization_id)
        .where(_TABLE.c.event_id.in_(event_ids))
    )


def _view(row: RowMapping) -> Review:
    return Review(
        event_id=row["event_id"],
        state=ReviewState(row["state"]),
        note=row["note"],
        author=row["author"],
        at=row["at"],
    )
