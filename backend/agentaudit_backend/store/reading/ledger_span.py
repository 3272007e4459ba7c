"""Which entries of the ledger were added in a time, and what the ledger is now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from agentaudit_backend.ledger.merkle import Frontier
from agentaudit_backend.store.bulk import chunks
from agentaudit_backend.store.tables import LedgerHead, LedgerLeaf, Organization, table_of

_LEAVES = table_of(LedgerLeaf)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSpan:
    """Sequence numbers are contiguous from 0; `first` and `last` are None where none was added."""

    log: str
    """Its name, in every entry: `agentaudit/<random>`."""
    size: int
    root: str
    """Hash of the whole tree of `size` entries now, lowercase hex; no signature is on it."""
    first: int | None
    last: int | None

    @property
    def count(self) -> int:
        """Entries that were added in the time."""
        return 0 if self.first is None or self.last is None else self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, as a reader checks it."""

    seq: int
    event_id: str
    phase: str
    leaf_hash: str
    """Lowercase hex."""


def ledger_span(
    connection: Connection, organization_id: int, since: datetime | None, until: datetime
) -> LedgerSpan:
    """The entries recorded in `[since, until)`, by the server's clock.

    Entries are recorded one after the other, so that halving finds either end.
    """
    heads, organizations = table_of(LedgerHead), table_of(Organization)
    size, frontier, log = connection.execute(
        select(heads.c.size, heads.c.frontier, organizations.c.log)
        .join(organizations, organizations.c.id == heads.c.organization_id)
        .where(heads.c.organization_id == organization_id)
    ).one()
    first = 0 if since is None else _first_from(connection, organization_id, since, size)
    end = _first_from(connection, organization_id, until, size)
    return LedgerSpan(
        log=log,
        size=size,
        root=Frontier.from_bytes(size, frontier).root().hex(),
        first=first if first < end else None,
        last=end - 1 if first < end else None,
    )


def entries(connection: Connection, organization_id: int, numbers: list[int]) -> dict[int, Entry]:
    """The entries with these sequence numbers."""
    found: dict[int, Entry] = {}
    for chunk in chunks(numbers):
        rows = connection.execute(
            select(_LEAVES.c.seq, _LEAVES.c.event_id, _LEAVES.c.phase, _LEAVES.c.leaf_hash)
            .where(_LEAVES.c.organization_id == organization_id)
            .where(_LEAVES.c.seq.in_(chunk))
        )
        for seq, event_id, phase, leaf_hash in rows:
            found[seq] = Entry(
                seq=seq, event_id=event_id, phase=phase, leaf_hash=bytes(leaf_hash).hex()
            )
    return found


def first_entries(
    connection: Connection, organization_id: int, event_ids: list[str]
) -> dict[str, int]:
    """The lowest sequence number of an entry of each of these Events."""
    found: dict[str, int] = {}
    for chunk in chunks(event_ids):
        rows = connection.execute(
            select(_LEAVES.c.event_id, func.min(_LEAVES.c.seq))
            .where(_LEAVES.c.organization_id == organization_id)
            .where(_LEAVES.c.event_id.in_(chunk))
            .group_by(_LEAVES.c.event_id)
        )
        found.update((event_id, seq) for event_id, seq in rows)
    return found


def _first_from(connection: Connection, organization_id: int, at: datetime, size: int) -> int:
    """The lowest number of an entry recorded at `at` or later; `size` where there is none."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        recorded = connection.execute(
            select(_LEAVES.c.recorded_at)
            .where(_LEAVES.c.organization_id == organization_id)
            .where(_LEAVES.c.seq == middle)
        ).scalar_one()
        if recorded < at:
            low = middle + 1
        else:
            high = middle
    return low
