"""How long after its time an Event was recorded: whether its sender's clock is right."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, select

from agentaudit_backend.store.bulk import chunks
from agentaudit_backend.store.demo_marks import DEMO_DIALECT
from agentaudit_backend.store.reading.conditions import EVENTS
from agentaudit_backend.store.tables import LedgerLeaf, table_of
from agentaudit_processor.model import Phase

_LEAVES = table_of(LedgerLeaf)


class Arrival(NamedTuple):
    """One entry of the ledger."""

    after_s: float
    """From the sender's time to ours; negative where its clock is ahead."""
    replayed: bool
    """It came late, from a spool, and says so."""


def arrival_times(
    connection: Connection, organization_id: int, numbers: Sequence[int]
) -> tuple[Arrival, ...]:
    """Of the entries with these sequence numbers; demonstration data, which nobody sent, is left
    out, and so is what was removed."""
    found: list[Arrival] = []
    for chunk in chunks(numbers):
        rows = connection.execute(
            select(
                _LEAVES.c.phase,
                _LEAVES.c.recorded_at,
                EVENTS.c.at,
                EVENTS.c.ended_at,
                EVENTS.c.replayed,
            )
            .join(
                EVENTS,
                and_(
                    EVENTS.c.organization_id == _LEAVES.c.organization_id,
                    EVENTS.c.event_id == _LEAVES.c.event_id,
                ),
            )
            .where(_LEAVES.c.organization_id == organization_id)
            .where(_LEAVES.c.seq.in_(chunk))
            .where(_LEAVES.c.dialect != DEMO_DIALECT)
        )
        for phase, recorded_at, at, ended_at, replayed in rows:
            told = ended_at if phase == Phase.ENDED.value and ended_at is not None else at
            found.append(Arrival((recorded_at - told).total_seconds(), bool(replayed)))
    return tuple(found)
