"""What the figures are of: kinds of Events, where they came from and when, the ledger's entries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agentaudit_backend.store.filters import LOOKING, EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reading.courses import Course
from agentaudit_backend.store.reading.ledger_span import LedgerSpan
from agentaudit_backend.store.views import Counted, Histogram
from agentaudit_processor.model import Decision, EventKind

SOURCES = 6
GAPS = 20
_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)
_BESIDE = (*LOOKING, EventKind.HEARTBEAT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One agent's Events over the time of the report, in the bars of its picture."""

    agent: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)

    @property
    def silent(self) -> int:
        """Bars without any Event, between its first and its last."""
        told = [place for place, count in enumerate(self.counts) if count]
        return 0 if not told else told[-1] - told[0] + 1 - len(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A record that tells of other records that are missing, or that recording was broken off."""

    at: datetime
    event_id: str
    host: str | None
    agent: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Which Events the report is about."""

    by_kind: tuple[Counted, ...]
    """Those that its figures count."""
    beside: tuple[Counted, ...]
    """Kinds that no figure counts unless asked for: who looked, heartbeats."""
    starts: tuple[datetime, ...]
    """When each bar of the sources' picture begins."""
    width_seconds: int
    stopped: tuple[int, ...]
    """Events that were blocked or denied, in each bar."""
    sources: tuple[Source, ...]
    ledger: LedgerSpan
    gaps: tuple[Gap, ...]
    gaps_total: int

    @property
    def peak(self) -> int:
        """The most Events that one source sent in one bar."""
        return max((count for source in self.sources for count in source.counts), default=0)


def population_of(
    store: Queries,
    organization_id: int,
    where: EventFilter,
    over_time: Histogram,
    ledger: LedgerSpan,
) -> Population:
    """Read it; `where` is the report's own filter, its window closed, `over_time` its bars."""
    every = EventFilter(since=where.since, until=where.until, kinds=_BESIDE)
    course = store.course(organization_id, where, over_time.width_seconds)
    starts = tuple(bucket.start for bucket in over_time.buckets)
    missing = replace(where, kinds=(EventKind.GAP, EventKind.LOGGING_STATE))
    found = store.list_events(organization_id, missing, limit=GAPS)
    return Population(
        by_kind=store.counts_by(organization_id, where, "kind"),
        beside=store.counts_by(organization_id, every, "kind"),
        starts=starts,
        width_seconds=over_time.width_seconds,
        stopped=_at(starts, [each for each in course if each.decision in _STOPPED]),
        sources=_sources(starts, course),
        ledger=ledger,
        gaps=tuple(
            Gap(
                at=row.at,
                event_id=row.event_id,
                host=row.host,
                agent=row.agent,
                told=row.summary,
            )
            for row in found.items
        ),
        gaps_total=found.total,
    )


def _sources(starts: Sequence[datetime], course: Sequence[Course]) -> tuple[Source, ...]:
    """The agents with most Events."""
    events = Counter[str]()
    for each in course:
        events[each.agent] += each.events
    most = sorted(events, key=lambda agent: (-events[agent], agent))[:SOURCES]
    return tuple(
        Source(agent=agent, counts=_at(starts, [each for each in course if each.agent == agent]))
        for agent in most
    )


def _at(starts: Sequence[datetime], course: Sequence[Course]) -> tuple[int, ...]:
    """How many Events began in each bar."""
    found = Counter[datetime]()
    for each in course:
        found[each.start] += each.events
    return tuple(found[start] for start in starts)
