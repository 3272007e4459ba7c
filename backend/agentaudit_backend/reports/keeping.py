"""How long Events are kept, against what frameworks want; what was removed, what is held."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agentaudit_backend.reports.period import SIX_MONTHS_DAYS, Period
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reading.courses import Month
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import EventKind
from agentaudit_processor.policy import LegalHold, Policy

LEAST_DAYS: Final[Mapping[str, tuple[int, str]]] = {
    "eu_ai_act": (SIX_MONTHS_DAYS, "EU AI Act, Art. 19(1) and 26(6), for high-risk systems"),
    "pci_dss": (366, "PCI DSS 4.0.1, requirement 10.5.1"),
}
"""Framework to the least days that it wants events kept, and where it says so."""
ROWS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one framework that is switched on wants."""

    source: str
    days: int
    held: bool
    """The Policy keeps Events that long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Of the whole organisation."""

    content_days: int | None
    event_days: int | None
    wanted: tuple[Wanted, ...]
    months: tuple[Month, ...]
    """All that are kept, the oldest first."""
    oldest: datetime | None
    """Of the oldest Event that is kept."""
    purges: tuple[EventRow, ...]
    """Runs in the period, the newest first."""
    purges_total: int
    holds: tuple[LegalHold, ...]


def keeping_of(store: Queries, organization_id: int, policy: Policy, period: Period) -> Keeping:
    """Read it."""
    kept = policy.retention.event_days
    oldest = store.list_events(organization_id, EventFilter(), limit=1, sort="time").items
    where = period.filter(kinds=(EventKind.RETENTION_PURGE,))
    purges = store.list_events(organization_id, where, limit=ROWS)
    return Keeping(
        content_days=policy.retention.content_days,
        event_days=kept,
        wanted=tuple(
            Wanted(source=source, days=days, held=kept is None or kept >= days)
            for framework, (days, source) in LEAST_DAYS.items()
            if framework in policy.frameworks
        ),
        months=store.months(organization_id),
        oldest=oldest[0].at if oldest else None,
        purges=purges.items,
        purges_total=purges.total,
        holds=policy.retention.holds,
    )


def limits_of(keeping: Keeping, now: datetime) -> Mapping[str, datetime]:
    """Moments by the names of limits: what is older than one is kept longer than it wants."""
    days = {"six months": SIX_MONTHS_DAYS, "twelve months": 366}
    if keeping.event_days is not None:
        days["the policy's own limit"] = keeping.event_days
    return {name: now - timedelta(days=many) for name, many in days.items()}
