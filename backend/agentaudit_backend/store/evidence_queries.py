"""What only reports ask the store: crossings, courses over time, entries of the ledger.

Part of `Queries`, and under the same rules.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine

from agentaudit_backend.store.database import reading
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.arrival_times import Arrival, arrival_times
from agentaudit_backend.store.reading.courses import Course, Month, course, months
from agentaudit_backend.store.reading.crossings import Crossings, crossings
from agentaudit_backend.store.reading.flows import Flows, flows
from agentaudit_backend.store.reading.ledger_span import (
    Entry,
    LedgerSpan,
    entries,
    first_entries,
    ledger_span,
)
from agentaudit_backend.store.reading.narrow import narrowed


class EvidenceQueries:
    """Reads; `organization_id` is the caller's, never the request's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def crossings(
        self,
        organization_id: int,
        where: EventFilter,
        rule_tags: Mapping[str, Sequence[str]],
    ) -> Crossings:
        """Which properties of the filtered tool calls come together."""
        with reading(self._engine) as connection:
            return crossings(connection, organization_id, where, rule_tags)

    def course(
        self, organization_id: int, where: EventFilter, width_seconds: int
    ) -> tuple[Course, ...]:
        """The filtered Events over time by kind, agent, risk and decision."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return course(connection, organization_id, where, width_seconds)

    def months(self, organization_id: int) -> tuple[Month, ...]:
        """All Events that are kept, by the month in which they began."""
        with reading(self._engine) as connection:
            return months(connection, organization_id)

    def flows(self, organization_id: int, where: EventFilter) -> Flows:
        """Where personal data of the filtered calls went."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return flows(connection, organization_id, where)

    def arrival_times(self, organization_id: int, numbers: Sequence[int]) -> tuple[Arrival, ...]:
        """How long after its time each of these entries of the ledger was recorded."""
        with reading(self._engine) as connection:
            return arrival_times(connection, organization_id, numbers)

    def ledger_span(
        self, organization_id: int, since: datetime | None, until: datetime
    ) -> LedgerSpan:
        """The ledger, and its entries that were added in `[since, until)`."""
        with reading(self._engine) as connection:
            return ledger_span(connection, organization_id, since, until)

    def ledger_entries(self, organization_id: int, numbers: Sequence[int]) -> Mapping[int, Entry]:
        """Entries of the ledger by their sequence numbers."""
        with reading(self._engine) as connection:
            return entries(connection, organization_id, list(numbers))

    def first_entries(self, organization_id: int, event_ids: Sequence[str]) -> Mapping[str, int]:
        """The number of the first entry of each of these Events."""
        with reading(self._engine) as connection:
            return first_entries(connection, organization_id, list(event_ids))
