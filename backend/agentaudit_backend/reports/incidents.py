"""Events that a person called an incident: what happened when, and the limits that laws set.

Sources: GDPR Art. 33(1); Directive (EU) 2022/2555 (NIS 2) Art. 23(4); Delegated Regulation (EU)
2025/301 (DORA) Art. 5; EU AI Act Art. 73(2).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reviews import Review, Reviews
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import ReviewState

ROWS: Final = 12
_LIMITS: Final = (
    ("nis2", "NIS 2 Art. 23(4)(a), early warning", timedelta(hours=24)),
    ("dora", "DORA, initial notification", timedelta(hours=24)),
    ("gdpr", "GDPR Art. 33(1), notification", timedelta(hours=72)),
    ("nis2", "NIS 2 Art. 23(4)(b), notification", timedelta(hours=72)),
    ("eu_ai_act", "EU AI Act Art. 73(2), serious incident", timedelta(days=15)),
)
"""Framework, its duty, and how long after somebody was aware; the shortest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A duty that may hold, and when its time is over. Whether it holds, people decide."""

    duty: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One Event."""

    row: EventRow
    recorded_at: datetime | None
    seen_at: datetime
    """When somebody first said anything of it."""
    aware_at: datetime
    """When somebody first called it an incident."""
    author: str
    note: str
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """Those of the report's filter, the newest first."""

    rows: tuple[Incident, ...]
    total: int


def incidents_of(
    store: Queries,
    reviews: Reviews,
    organization_id: int,
    where: EventFilter,
    frameworks: Collection[str],
) -> Incidents:
    """Read them; `frameworks` are those that the policy switches on."""
    latest = reviews.all_latest(organization_id)
    called = [event_id for event_id, state in latest.items() if state is ReviewState.INCIDENT]
    rows = store.rows_among(organization_id, where, called)
    newest = sorted(rows, key=lambda row: (row.at, row.event_id), reverse=True)
    return Incidents(
        rows=tuple(
            _incident(store, reviews, organization_id, row, frameworks) for row in newest[:ROWS]
        ),
        total=len(newest),
    )


def _incident(
    store: Queries,
    reviews: Reviews,
    organization_id: int,
    row: EventRow,
    frameworks: Collection[str],
) -> Incident:
    said = reviews.history(organization_id, row.event_id)
    called = next(one for one in reversed(said) if one.state is ReviewState.INCIDENT)
    event = store.event(organization_id, row.event_id)
    return Incident(
        row=row,
        recorded_at=event.leaves[0].recorded_at if event and event.leaves else None,
        seen_at=said[-1].at,
        aware_at=called.at,
        author=called.author,
        note=called.note,
        limits=_limits(row, called, frameworks),
    )


def _limits(row: EventRow, called: Review, frameworks: Collection[str]) -> tuple[Limit, ...]:
    return tuple(
        Limit(duty=duty, until=called.at + after)
        for framework, duty, after in _LIMITS
        if framework in frameworks and (framework != "gdpr" or row.pii_types)
    )
