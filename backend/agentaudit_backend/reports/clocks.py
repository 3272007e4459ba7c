"""How the times that senders tell differ from ours, over entries of the ledger evenly apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reading.ledger_span import LedgerSpan

LOOKED: Final = 300
"""Entries that are looked at."""
_BOUNDS_S: Final = (float("-inf"), -60.0, 0.0, 1.0, 10.0, 60.0, 3600.0, 86_400.0, float("inf"))
_NAMES: Final = (
    "ahead of ours by more than a minute",
    "ahead of ours by up to a minute",
    "recorded within a second",
    "within 10 seconds",
    "within a minute",
    "within an hour",
    "within a day",
    "later than a day",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Entries whose time lies so far from that of their recording."""

    span: str
    straight: int
    from_spool: int
    """They came late, and say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """`looked` entries, from first to last of the period; none of demonstration data."""

    looked: int
    differences: tuple[Difference, ...]


def clocks_of(store: Queries, organization_id: int, ledger: LedgerSpan) -> Clocks:
    """Read it."""
    found = store.arrival_times(organization_id, sorted(set(_evenly(ledger))))
    spans = zip(_NAMES, pairwise(_BOUNDS_S), strict=True)
    return Clocks(
        looked=len(found),
        differences=tuple(
            Difference(
                span=name,
                straight=sum(low <= one.after_s < high and not one.replayed for one in found),
                from_spool=sum(low <= one.after_s < high and one.replayed for one in found),
            )
            for name, (low, high) in spans
        ),
    )


def _evenly(ledger: LedgerSpan) -> Iterable[int]:
    count = min(LOOKED, ledger.count)
    return ((ledger.first or 0) + place * ledger.count // count for place in range(count))
