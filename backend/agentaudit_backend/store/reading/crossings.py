"""How often two properties of Events come together: which agent used which tool, and so on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.profiles import PII, SECRET, tags_by_profile
from agentaudit_backend.store.reading.sorts import Sort, read_sorts
from agentaudit_processor.model import EventKind, RiskLevel

ROWS, COLUMNS = 12, 6
Pairs = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Counts by row and column, the most frequent of each first."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """A tuple for each row."""
    left_out: int = 0
    """Rows that there are beside these."""

    @property
    def peak(self) -> int:
        """The highest count."""
        return max((count for row in self.counts for count in row), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossings:
    """The grids of one filter, over its tool calls."""

    tool_by_agent: Grid
    action_by_risk: Grid
    risk_by_decision: Grid
    """Every level has its row, the worst first."""
    pii_by_tool: Grid
    secret_by_tool: Grid


def crossings(connection: Connection, organization_id: int, where: EventFilter) -> Crossings:
    """All of them, from one reading."""
    sorts = read_sorts(connection, organization_id, where)
    calls = [sort for sort in sorts if sort.kind == EventKind.TOOL_CALL.value]
    tags = tags_by_profile(connection, sorted({sort.profile for sort in calls}))
    return Crossings(
        tool_by_agent=_grid(_pairs((call.tool, call.agent, call.events) for call in calls)),
        action_by_risk=_by_risk(calls),
        risk_by_decision=_by_decision(calls),
        pii_by_tool=_grid(_tagged(calls, tags, PII)),
        secret_by_tool=_grid(_tagged(calls, tags, SECRET)),
    )


def _pairs(found: Iterable[tuple[str, str, int]]) -> Pairs:
    pairs: Pairs = Counter()
    for row, column, events in found:
        pairs[row, column] += int(events)
    return pairs


def _tagged(
    calls: Iterable[Sort], tags: Mapping[int, Iterable[tuple[str, str]]], kind: str
) -> Pairs:
    return _pairs(
        (value, call.tool, call.events)
        for call in calls
        for of_kind, value in tags[call.profile]
        if of_kind == kind
    )


def _by_risk(calls: Iterable[Sort]) -> Grid:
    """Every level has its column, the worst last."""
    pairs = _pairs((call.action, RiskLevel(call.risk).label, call.events) for call in calls)
    return _grid(pairs, columns=tuple(level.label for level in sorted(RiskLevel)))


def _by_decision(calls: Iterable[Sort]) -> Grid:
    pairs = _pairs((RiskLevel(call.risk).label, call.decision, call.events) for call in calls)
    heads = tuple(sorted({decision for _, decision in pairs}))
    levels = tuple(level.label for level in sorted(RiskLevel, reverse=True))
    return Grid(
        rows=levels,
        columns=heads,
        counts=tuple(tuple(pairs[level, head] for head in heads) for level in levels),
    )


def _grid(pairs: Pairs, columns: tuple[str, ...] | None = None) -> Grid:
    by_row, by_column = Counter[str](), Counter[str]()
    for (row, column), count in pairs.items():
        by_row[row] += count
        by_column[column] += count
    rows = _most(by_row)
    heads = columns or _most(by_column)[:COLUMNS]
    return Grid(
        rows=rows[:ROWS],
        columns=heads,
        counts=tuple(tuple(pairs[row, head] for head in heads) for row in rows[:ROWS]),
        left_out=max(0, len(rows) - ROWS),
    )


def _most(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))
