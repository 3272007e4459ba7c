"""What a draft of the Policy would have changed: the calls of the last days, replayed under both.

Bounded by a number of calls, the newest first; what that leaves out is said.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from threading import Lock

from agentaudit_backend.impact.replay import Replay
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.views import Counted, EventDetail, EventRow
from agentaudit_processor.model import Decision, EventKind, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy

DAYS = 7
MOST_CALLS = 4_000
MOST_EXAMPLES = 20
_STRICTNESS = {Decision.ALLOW: 0, Decision.ASK: 1, Decision.BLOCK: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A call that would have got another answer."""

    event: EventRow
    before: Decision
    after: Decision

    @property
    def is_stricter(self) -> bool:
        """The draft stops, or asks about, what was let through; or blocks what was asked about."""
        return _STRICTNESS[self.after] > _STRICTNESS[self.before]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The figures, and some of the calls, the newest first."""

    days: int
    looked_at: int
    more: bool
    """Older calls of these days were not looked at."""
    not_replayable: int
    """Calls whose text is kept no longer, or never was."""
    blocked: int
    """Newly blocked."""
    asked: int
    """Newly asked about."""
    freed: int
    """Let through, or only asked about, where they are stopped now."""
    people: int
    """Whose calls would be stopped newly."""
    by_rule: tuple[Counted, ...]
    """Rules that found something in what would be stopped newly, the most frequent first."""
    examples: tuple[Changed, ...]


class Busy(Exception):
    """Another draft is weighed now."""


class Scales:
    """Weighs one draft at a time, so that looking ahead never starves what is received."""

    def __init__(self) -> None:
        self._one_at_a_time = Lock()

    def weigh(
        self,
        store: Queries,
        judge: Judge,
        organization_id: int,
        *,
        before: Policy,
        after: Policy,
        now: datetime,
    ) -> Impact:
        """Replay the last `DAYS` days.

        Raises:
            Busy: somebody else's draft is on the scales.
        """
        if not self._one_at_a_time.acquire(blocking=False):
            raise Busy
        try:
            where = _concerned(before, after, now)
            calls = store.walk(organization_id, where)
            old, new = Replay(before, before, judge), Replay(after, before, judge)
            return _weighed(calls, old, new)
        finally:
            self._one_at_a_time.release()


def _concerned(before: Policy, after: Policy, now: datetime) -> EventFilter:
    """The calls that the two may speak of differently: levels alone leave the lower ones out."""
    where = EventFilter(kinds=(EventKind.TOOL_CALL,), since=now - timedelta(days=DAYS), until=now)
    if before.rule_answers or after.rule_answers or before.tool_answers or after.tool_answers:
        return where
    if before.packs != after.packs or before.projects or after.projects:
        return where
    levels = [
        level
        for policy in (before, after)
        if policy.blocks
        for level in (policy.block_on, policy.ask_on)
        if level is not None
    ]
    lowest = min(levels, default=RiskLevel.CRITICAL)
    return replace(where, risks=tuple(level for level in RiskLevel if level >= lowest))


def _weighed(calls: Iterable[EventDetail], old: Replay, new: Replay) -> Impact:
    rules: Counter[str] = Counter()
    people: set[str] = set()
    counts: Counter[str] = Counter()
    examples: list[Changed] = []
    newest = iter(calls)
    for event in islice(newest, MOST_CALLS):
        counts["looked_at"] += 1
        counts["not_replayable"] += event.content_removed or not event.arguments
        changed = Changed(event=event.row, before=old.answer(event), after=new.answer(event))
        if changed.before is changed.after:
            continue
        if changed.is_stricter:
            counts["blocked" if changed.after is Decision.BLOCK else "asked"] += 1
            people.add(event.row.user)
            rules.update({finding.rule_id for finding in event.findings})
        else:
            counts["freed"] += 1
        if len(examples) < MOST_EXAMPLES:
            examples.append(changed)
    return Impact(
        days=DAYS,
        looked_at=counts["looked_at"],
        more=next(newest, None) is not None,
        not_replayable=counts["not_replayable"],
        blocked=counts["blocked"],
        asked=counts["asked"],
        freed=counts["freed"],
        people=len(people),
        by_rule=tuple(Counted(value=rule, count=n) for rule, n in rules.most_common(8)),
        examples=tuple(examples),
    )
