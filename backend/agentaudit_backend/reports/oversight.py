"""What people decided in the period: calls that were stopped and asked for, and who answered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from agentaudit_backend.reports.period import Period
from agentaudit_backend.store.approval_views import ApprovalState
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.courses import Course
from agentaudit_backend.store.reading.crossings import Crossings, Grid
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.views import Counted
from agentaudit_processor.model import EventKind, RiskLevel

ALONE = ("allow", "observe")
"""Decisions with which a call ran, and no person was asked by us."""
QUICK_SECONDS = 3.0
"""An answer within this time was hardly read."""
WEEKS: Final = 26
_DAY_S: Final = 86_400
_WAITS: Final[Mapping[float, str]] = {
    QUICK_SECONDS: "within 3 seconds",
    10.0: "within 10 seconds",
    60.0: "within a minute",
    600.0: "within 10 minutes",
    3600.0: "within an hour",
}
"""The first that holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAlone:
    """Calls of one level of risk, and those among them that ran with nobody asked."""

    level: str
    calls: int
    alone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekAlone:
    """One week, the worst level first."""

    start: datetime
    levels: tuple[LevelAlone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """Of the whole organisation: approvals belong to no filter; `levels` are of the filter."""

    approved: int
    denied: int
    withdrawn: int
    median_seconds: float | None
    quick: int
    """Answers within `QUICK_SECONDS`."""
    waits: tuple[Counted, ...]
    by_person: tuple[Counted, ...]
    levels: tuple[LevelAlone, ...]
    weeks: tuple[WeekAlone, ...]

    @property
    def answered(self) -> int:
        """All that somebody answered."""
        return self.approved + self.denied + self.withdrawn


def oversight_of(
    store: Store,
    organization_id: int,
    where: EventFilter,
    crossings: Crossings,
    period: Period,
) -> Oversight:
    """Read it; `where` is the report's own filter, `crossings` are of it."""
    answers = store.approvals.answered(organization_id, period.since, period.until)
    states = Counter(answer.decision for answer in answers)
    people = Counter(answer.by for answer in answers)
    waited = [answer.waited_s for answer in answers]
    calls = replace(where, kinds=(EventKind.TOOL_CALL,))
    of_calls = not where.kinds or EventKind.TOOL_CALL in where.kinds
    return Oversight(
        approved=states[ApprovalState.APPROVED],
        denied=states[ApprovalState.DENIED],
        withdrawn=states[ApprovalState.WITHDRAWN],
        median_seconds=median(waited) if waited else None,
        quick=sum(seconds <= QUICK_SECONDS for seconds in waited),
        waits=waits_of(waited),
        by_person=tuple(
            Counted(value=name, count=count)
            for name, count in sorted(people.items(), key=lambda pair: (-pair[1], pair[0]))
        ),
        levels=_levels(crossings.risk_by_decision),
        weeks=weeks_of(store.course(organization_id, calls, _DAY_S)) if of_calls else (),
    )


def waits_of(seconds: Sequence[float]) -> tuple[Counted, ...]:
    """How many answers took how long."""
    bounds = (*_WAITS, float("inf"))
    names = (*_WAITS.values(), "longer")
    held = Counter(next(b for b in bounds if each <= b) for each in seconds)
    return tuple(
        Counted(value=name, count=held[bound]) for bound, name in zip(bounds, names, strict=True)
    )


def weeks_of(course: Sequence[Course]) -> tuple[WeekAlone, ...]:
    """The latest `WEEKS` weeks of a course by days, Monday to Sunday in UTC, without gaps."""
    calls, alone = Counter[tuple[datetime, int]](), Counter[tuple[datetime, int]]()
    for each in course:
        place = (each.start - timedelta(days=each.start.weekday()), each.risk)
        calls[place] += each.events
        alone[place] += each.events if each.decision in ALONE else 0
    if not calls:
        return ()
    last = max(start for start, _ in calls)
    many = min(WEEKS, (last - min(start for start, _ in calls)).days // 7 + 1)
    starts = [last - timedelta(weeks=back) for back in reversed(range(many))]
    return tuple(
        WeekAlone(
            start=start,
            levels=tuple(
                LevelAlone(level=level.label, calls=calls[start, level], alone=alone[start, level])
                for level in sorted(RiskLevel, reverse=True)
            ),
        )
        for start in starts
    )


def _levels(decisions: Grid) -> tuple[LevelAlone, ...]:
    """`decisions` has a row for each level of risk."""
    return tuple(
        LevelAlone(
            level=level,
            calls=sum(counts),
            alone=sum(
                count
                for decision, count in zip(decisions.columns, counts, strict=True)
                if decision in ALONE
            ),
        )
        for level, counts in zip(decisions.rows, decisions.counts, strict=True)
    )
