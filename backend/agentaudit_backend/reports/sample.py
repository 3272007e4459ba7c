"""A sample of tool calls for testing, drawn from the ledger so that anybody can draw it again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reading.ledger_span import Entry, LedgerSpan
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import EventKind

SIZE: Final = 25
TRIES: Final = 2000
_BITE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One call of the sample, and the entry by which it was drawn."""

    entry: Entry
    row: EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The calls in the order in which they were drawn."""

    seed: str
    tries: int
    """Numbers that were drawn, those that hit nothing of the report's filter too."""
    drawn: tuple[Drawn, ...]


def draw(
    store: Queries, organization_id: int, where: EventFilter, ledger: LedgerSpan, seed: str
) -> Sample:
    """Up to `SIZE` calls of the filter whose first entry was added in the report's time.

    Every such call has the same chance: only an Event's first entry counts.
    """
    found: dict[str, Drawn] = {}
    tried = 0
    calls = replace(where, kinds=(EventKind.TOOL_CALL,))
    allowed = not where.kinds or EventKind.TOOL_CALL in where.kinds
    while allowed and ledger.count and tried < TRIES and len(found) < min(SIZE, ledger.count):
        numbers = [number_at(seed, tried + each, ledger) for each in range(1, _BITE + 1)]
        entries = store.ledger_entries(organization_id, sorted(set(numbers)))
        firsts = store.first_entries(organization_id, [one.event_id for one in entries.values()])
        rows = _rows(store, organization_id, calls, entries)
        for number in numbers:
            tried += 1
            entry = entries[number]
            row = rows.get(entry.event_id)
            if row is not None and firsts[entry.event_id] == number:
                found.setdefault(entry.event_id, Drawn(entry=entry, row=row))
            if len(found) == SIZE:
                break
    return Sample(seed=seed, tries=tried, drawn=tuple(found.values()))


def number_at(seed: str, turn: int, ledger: LedgerSpan) -> int:
    """The sequence number of turn 1, 2, …: eight bytes of SHA-256 of `seed:turn`, big-endian,
    modulo the number of entries, counted from the first of them."""
    drawn = int.from_bytes(sha256(f"{seed}:{turn}".encode()).digest()[:8], "big")
    return (ledger.first or 0) + drawn % ledger.count


def _rows(
    store: Queries, organization_id: int, calls: EventFilter, entries: Mapping[int, Entry]
) -> dict[str, EventRow]:
    ids = sorted({entry.event_id for entry in entries.values()})
    return {row.event_id: row for row in store.rows_among(organization_id, calls, ids)}
