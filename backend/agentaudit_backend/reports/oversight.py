"""What people decided in the period: calls that were stopped and asked for, and who answered."""

from collections import Counter
from dataclasses import dataclass
from statistics import median

from agentaudit_backend.store.approval_views import Answered, ApprovalState
from agentaudit_backend.store.reading.crossings import Grid
from agentaudit_backend.store.views import Counted

ALONE = ("allow", "observe")
"""Decisions with which a call ran, and no person was asked by us."""
QUICK_SECONDS = 3.0
"""An answer within this time was hardly read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAlone:
    """Calls of one level of risk, and those among them that ran with nobody asked."""

    level: str
    calls: int
    alone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """Of the whole organisation: approvals belong to no filter; `levels` are of the filter."""

    approved: int
    denied: int
    withdrawn: int
    median_seconds: float | None
    quick: int
    """Answers within `QUICK_SECONDS`."""
    by_person: tuple[Counted, ...]
    levels: tuple[LevelAlone, ...]

    @property
    def answered(self) -> int:
        """All that somebody answered."""
        return self.approved + self.denied + self.withdrawn


def oversight_of(answers: tuple[Answered, ...], decisions: Grid) -> Oversight:
    """Sum it up; `decisions` has a row for each level of risk."""
    states = Counter(answer.decision for answer in answers)
    people = Counter(answer.by for answer in answers)
    waited = [answer.waited_s for answer in answers]
    return Oversight(
        approved=states[ApprovalState.APPROVED],
        denied=states[ApprovalState.DENIED],
        withdrawn=states[ApprovalState.WITHDRAWN],
        median_seconds=median(waited) if waited else None,
        quick=sum(seconds <= QUICK_SECONDS for seconds in waited),
        by_person=tuple(
            Counted(value=name, count=count)
            for name, count in sorted(people.items(), key=lambda pair: (-pair[1], pair[0]))
        ),
        levels=tuple(
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
        ),
    )
