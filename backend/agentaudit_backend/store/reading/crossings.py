"""How often two properties of Events come together: which agent used which tool, and so on."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.profiles import PII, RULE, SECRET, tags_by_profile
from agentaudit_backend.store.reading.sorts import Sort, read_sorts
from agentaudit_processor.model import Decision, EventKind, RiskLevel

ROWS, COLUMNS = 12, 6
OUTCOMES = ("ran", "stopped")
_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)
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
    new_tools: tuple[tuple[str, str], ...]
    """(tool, agent) that nobody in the organisation had before; none where time has no begin."""
    action_by_risk: Grid
    risk_by_decision: Grid
    """Every level has its row, the worst first."""
    pii_by_tool: Grid
    pii_by_agent: Grid
    tag_by_outcome: Grid
    """Entries of public lists of attacks: calls that ran, and that were stopped."""
    secret_by_tool: Grid


def crossings(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    rule_tags: Mapping[str, Sequence[str]],
) -> Crossings:
    """All of them, from one reading; `rule_tags` has the tags of each rule by its id."""
    sorts = read_sorts(connection, organization_id, where)
    calls = [sort for sort in sorts if sort.kind == EventKind.TOOL_CALL.value]
    tags = tags_by_profile(connection, sorted({sort.profile for sort in calls}))
    return Crossings(
        tool_by_agent=_grid(_pairs((call.tool, call.agent, call.events) for call in calls)),
        new_tools=_new_tools(connection, organization_id, where, calls),
        action_by_risk=_by_risk(calls),
        risk_by_decision=_by_decision(calls),
        pii_by_tool=_grid(_tagged(calls, tags, PII)),
        pii_by_agent=_grid(_tagged(calls, tags, PII, by="agent")),
        tag_by_outcome=_by_outcome(calls, tags, rule_tags),
        secret_by_tool=_grid(_tagged(calls, tags, SECRET)),
    )


def _pairs(found: Iterable[tuple[str, str, int]]) -> Pairs:
    pairs: Pairs = Counter()
    for row, column, events in found:
        pairs[row, column] += int(events)
    return pairs


def _new_tools(
    connection: Connection, organization_id: int, where: EventFilter, calls: Iterable[Sort]
) -> tuple[tuple[str, str], ...]:
    if where.since is None:
        return ()
    earlier = EventFilter(until=where.since, kinds=(EventKind.TOOL_CALL,))
    known = {(sort.tool, sort.agent) for sort in read_sorts(connection, organization_id, earlier)}
    return tuple(sorted({(call.tool, call.agent) for call in calls} - known))


def _tagged(
    calls: Iterable[Sort],
    tags: Mapping[int, Iterable[tuple[str, str]]],
    kind: str,
    by: str = "tool",
) -> Pairs:
    return _pairs(
        (value, getattr(call, by), call.events)
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


def _by_outcome(
    calls: Iterable[Sort],
    tags: Mapping[int, Iterable[tuple[str, str]]],
    rule_tags: Mapping[str, Sequence[str]],
) -> Grid:
    """A call that met two rules of one entry counts once for it."""
    entries = {
        profile: {tag for kind, rule in met if kind == RULE for tag in rule_tags.get(rule, ())}
        for profile, met in tags.items()
    }
    pairs = _pairs(
        (tag, OUTCOMES[call.decision in _STOPPED], call.events)
        for call in calls
        for tag in entries[call.profile]
    )
    return _grid(pairs, columns=OUTCOMES)


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
