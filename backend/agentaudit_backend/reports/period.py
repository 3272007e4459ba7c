"""Figures of a whole period, and what they say to the Controls that ask for such.

What nobody measures stays None: a Control that hangs on it is told as undecided, with what is
missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.classify.period_controls import (
    PeriodControl,
    PeriodFigures,
    PeriodState,
    period_controls,
)
from agentaudit_processor.model import EventKind, ReviewState, RiskLevel
from agentaudit_processor.policy import Policy

SIX_MONTHS_DAYS: Final = 184
"""The most that six months of a calendar have."""
EVERY: Final = 10**18
"""More Events than are ever counted."""
_SEEN = (
    ReviewState.REVIEWED,
    ReviewState.FALSE_POSITIVE,
    ReviewState.FOLLOW_UP,
    ReviewState.INCIDENT,
)
_GRAVE = (RiskLevel.HIGH, RiskLevel.CRITICAL)
_NOBODY = ("unknown",)
"""What `Actor.label` says where a sender named no user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """`[since, until)`; `since` None: from the first Event on."""

    since: datetime | None
    until: datetime

    def filter(self, **more: object) -> EventFilter:
        """The Events of the period, of whomever, under further conditions."""
        return EventFilter(since=self.since, until=self.until, **more)  # type: ignore[arg-type]


def figures_of(
    store: Store, organization_id: int, period: Period, policy: Policy, now: datetime
) -> PeriodFigures:
    """What was measured over `period`, of all of the organisation's Events."""

    def total(**more: object) -> int:
        return store.count_up_to(organization_id, period.filter(**more), EVERY)

    answers = store.approvals.answered(organization_id, period.since, period.until)
    waited = [one.waited_s for one in answers]
    approved = sum(one.approved for one in answers)
    kept = policy.retention.event_days
    return PeriodFigures(
        events_total=total(),
        capture_gaps=total(kinds=(EventKind.GAP,)),
        capture_unattributed=total(kinds=(EventKind.TOOL_CALL,), users=_NOBODY),
        retention_meets_six_months=kept is None or kept >= SIX_MONTHS_DAYS,
        retention_days=kept,
        retention_overdue=_overdue(store, organization_id, policy, now),
        review_high_total=total(kinds=(EventKind.TOOL_CALL,), risks=_GRAVE),
        review_done=_reviewed(store, organization_id, period),
        approvals_count=len(answers),
        approvals_approve_rate=approved / len(answers) if answers else None,
        approvals_median_seconds=median(waited) if waited else None,
        log_access_count=total(kinds=(EventKind.LOG_ACCESS, EventKind.EXPORT)),
    )


def _reviewed(store: Store, organization_id: int, period: Period) -> int:
    said = store.reviews.all_latest(organization_id).items()
    seen = [event_id for event_id, state in said if state is not ReviewState.NEW]
    return len(store.rows_among(organization_id, period.filter(), seen))


def _overdue(store: Store, organization_id: int, policy: Policy, now: datetime) -> int | None:
    """Events older than the policy keeps them; None where a legal hold may be the reason."""
    days = policy.retention.event_days
    if policy.retention.holds:
        return None
    if days is None:
        return 0
    # a day of grace: they are removed once a day
    before = now - timedelta(days=days + 1)
    return store.count_up_to(organization_id, EventFilter(until=before), EVERY)


def controls_of(
    figures: PeriodFigures, policy: Policy, until: datetime
) -> tuple[PeriodControl, ...]:
    """The Controls on periods of the policy's frameworks."""
    return period_controls(figures, policy.frameworks, policy.flags, until.date())


def answer_in_words(control: PeriodControl) -> str:
    """`shown`, `not shown`, `look at it`, `nothing to look at`, or what was not measured."""
    if control.state is PeriodState.UNDECIDED:
        missing = ", ".join(name.replace("_", " ") for name in control.missing)
        return f"not measured: {missing}"
    return _ANSWERS[control.hit.kind](control.state is PeriodState.MET)


_ANSWERS: Final[dict[str, Callable[[bool], str]]] = {
    "evidence": lambda met: "shown" if met else "not shown",
    "attention": lambda met: "look at it" if met else "nothing to look at",
}
