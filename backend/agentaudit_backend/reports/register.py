"""The register of exceptions: risky Events, whether somebody reviewed them, and what of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from agentaudit_backend.reports.period import EVERY
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reading.courses import Course
from agentaudit_backend.store.reviews import Review, Reviews
from agentaudit_backend.store.views import Counted, EventRow
from agentaudit_processor.model import EventKind, ReviewState, RiskLevel

ROWS = 40
GRAVE = (RiskLevel.HIGH, RiskLevel.CRITICAL)
_DAY_S = 86_400
_OPEN = (ReviewState.NEW, ReviewState.FOLLOW_UP, ReviewState.INCIDENT)
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
    incidents: int
    ages: tuple[Counted, ...]
    """Days since those began that are neither reviewed nor false positives, as of `LIMITS`."""

    @property
    def waiting(self) -> int:
        """Those of which nobody has said anything."""
        said = self.reviewed + self.false_positives + self.follow_up + self.incidents
        return self.total - said


_EMPTY = Register(
    rows=(), total=0, reviewed=0, false_positives=0, follow_up=0, incidents=0, ages=()
)


def register_of(
    store: Queries, reviews: Reviews, organization_id: int, where: EventFilter, now: datetime
) -> Register:
    """Read it; `where` is the report's own filter, its window closed."""
    grave = replace(where, risks=_both(where.risks), kinds=(EventKind.TOOL_CALL,))
    if not grave.risks or (where.kinds and EventKind.TOOL_CALL not in where.kinds):
        return _EMPTY
    rows = store.riskiest(organization_id, grave, ROWS)
    latest = reviews.latest(organization_id, [row.event_id for row in rows])
    said = reviews.all_latest(organization_id)
    among = store.rows_among(organization_id, grave, list(said))
    states = Counter(said[row.event_id] for row in among)
    closed = [row.at for row in among if said[row.event_id] not in _OPEN]
    course = store.course(organization_id, grave, _DAY_S)
    return Register(
        rows=tuple(_row(row, latest.get(row.event_id), now) for row in rows),
        total=store.count_up_to(organization_id, grave, EVERY),
        reviewed=states[ReviewState.REVIEWED],
        false_positives=states[ReviewState.FALSE_POSITIVE],
        follow_up=states[ReviewState.FOLLOW_UP],
        incidents=states[ReviewState.INCIDENT],
        ages=ages_of(course, closed, now),
    )


def ages_of(
    course: Sequence[Course], closed: Sequence[datetime], now: datetime
) -> tuple[Counted, ...]:
    """How long those of a course by days wait of which nobody `closed` any, in days of UTC."""
    days = Counter[date]()
    for each in course:
        days[each.start.date()] += each.events
    days.subtract(at.date() for at in closed)
    found = Counter[str]()
    for day, events in days.items():
        found[_age((now.date() - day).days)] += events
    names = [_age(limit - 1) for limit in LIMITS] + [_age(LIMITS[-1])]
    return tuple(Counted(value=name, count=found[name]) for name in names)


def _age(days: int) -> str:
    held = next((limit for limit in LIMITS if days < limit), None)
    if held is None:
        return f"{LIMITS[-1]} days or more"
    return f"less than {held} days" if held > 1 else "since today"


def _both(chosen: tuple[RiskLevel, ...]) -> tuple[RiskLevel, ...]:
    return tuple(level for level in GRAVE if not chosen or level in chosen)


def _row(row: EventRow, review: Review | None, now: datetime) -> RegisterRow:
    is_open = review is None or review.state in _OPEN
    return RegisterRow(row=row, review=review, days_open=(now - row.at).days if is_open else None)
