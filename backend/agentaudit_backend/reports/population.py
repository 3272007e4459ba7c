"""What the figures are of: kinds of Events, where they came from and when, the ledger's entries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agentaudit_backend.store.filters import LOOKING, EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reading.ledger_span import LedgerSpan
from agentaudit_backend.store.views import Bucket, Counted
from agentaudit_processor.model import EventKind

SOURCES = 6
GAPS = 20
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
    sources: tuple[Source, ...]
    ledger: LedgerSpan
    gaps: tuple[Gap, ...]
    gaps_total: int

    @property
    def peak(self) -> int:
        """The most Events that one source sent in one bar."""
        return max((count for source in self.sources for count in source.counts), default=0)


def population_of(
    store: Queries, organization_id: int, where: EventFilter, until: datetime
) -> Population:
    """Read it; `where` is the report's own filter, its window closed."""
    kinds = store.facets(organization_id, where, most=None)["kind"]
    every = replace(EventFilter(since=where.since, until=until), kinds=_BESIDE)
    beside = store.facets(organization_id, every, most=None)["kind"]
    starts, width, sources = _sources(store, organization_id, where)
    missing = replace(where, kinds=(EventKind.GAP, EventKind.LOGGING_STATE))
    found = store.list_events(organization_id, missing, limit=GAPS)
    return Population(
        by_kind=kinds,
        beside=tuple(each for each in beside if each.count),
        starts=starts,
        width_seconds=width,
        sources=sources,
        ledger=store.ledger_span(organization_id, where.since, until),
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


def _sources(
    store: Queries, organization_id: int, where: EventFilter
) -> tuple[tuple[datetime, ...], int, tuple[Source, ...]]:
    whole = store.histogram(organization_id, where)
    starts = tuple(bucket.start for bucket in whole.buckets)
    agents = [each.value for each in store.agent_counts(organization_id, where)][:SOURCES]
    sources = []
    for agent in agents:
        of_it = store.histogram(organization_id, replace(where, agents=(agent,)))
        sources.append(Source(agent=agent, counts=_aligned(starts, of_it.buckets)))
    return starts, whole.width_seconds, tuple(sources)


def _aligned(starts: Sequence[datetime], buckets: Sequence[Bucket]) -> tuple[int, ...]:
    """The counts at `starts`; a bar that the agent's own picture does not have is none."""
    by_start = {bucket.start: sum(bucket.by_risk.values()) for bucket in buckets}
    return tuple(by_start.get(start, 0) for start in starts)
