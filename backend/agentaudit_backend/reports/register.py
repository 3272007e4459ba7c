"""The register of exceptions: risky Events, whether somebody reviewed them, and what of it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reviews import Review, Reviews
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import EventKind, ReviewState, RiskLevel

ROWS = 60
GRAVE = (RiskLevel.HIGH, RiskLevel.CRITICAL)
LIMITS = (1, 7, 30)
"""Days by which the age of those that wait is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """One of them."""

    row: EventRow
    review: Review | None
    days_open: int | None
    """Since it began; None once somebody has said what of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Calls of high and critical risk; the rows are the riskiest, the newest first of a level."""

    rows: tuple[RegisterRow, ...]
    total: int
    reviewed: int
    false_positives: int
    follow_up: int

    @property
    def waiting(self) -> int:
        """Those of which nobody has said anything."""
        return self.total - self.reviewed - self.false_positives - self.follow_up


def register_of(
    store: Queries, reviews: Reviews, organization_id: int, where: EventFilter, now: datetime
) -> Register:
    """Read it; `where` is the report's own filter, its window closed."""
    grave = replace(where, risks=_both(where.risks), kinds=(EventKind.TOOL_CALL,))
    if not grave.risks or (where.kinds and EventKind.TOOL_CALL not in where.kinds):
        return Register(rows=(), total=0, reviewed=0, false_positives=0, follow_up=0)
    rows = store.riskiest(organization_id, grave, ROWS)
    latest = reviews.latest(organization_id, [row.event_id for row in rows])
    said = reviews.all_latest(organization_id)
    states = Counter(
        said[row.event_id] for row in store.rows_among(organization_id, grave, list(said))
    )
    return Register(
        rows=tuple(_row(row, latest.get(row.event_id), now) for row in rows),
        total=store.tally(organization_id, grave).total,
        reviewed=states[ReviewState.REVIEWED],
        false_positives=states[ReviewState.FALSE_POSITIVE],
        follow_up=states[ReviewState.FOLLOW_UP],
    )


def _both(chosen: tuple[RiskLevel, ...]) -> tuple[RiskLevel, ...]:
    return tuple(level for level in GRAVE if not chosen or level in chosen)


def _row(row: EventRow, review: Review | None, now: datetime) -> RegisterRow:
    is_open = review is None or review.state in (ReviewState.NEW, ReviewState.FOLLOW_UP)
    return RegisterRow(row=row, review=review, days_open=(now - row.at).days if is_open else None)
