"""The figures of a filter: totals, breakdowns, controls, the riskiest Events."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, distinct, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.controls import control_counts
from agentaudit_backend.store.reading.events import riskiest
from agentaudit_backend.store.reading.histogram import histogram
from agentaudit_backend.store.reading.rollups import SORT, is_rolled_up, tallies
from agentaudit_backend.store.reading.sessions import count_sessions
from agentaudit_backend.store.tables import RARE, EventFinding, table_of
from agentaudit_backend.store.tallies import OURS
from agentaudit_backend.store.views import Counted, Stats
from agentaudit_processor.model import Decision, EventKind, RiskLevel

_TOP = 10
_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)


def stats(connection: Connection, organization_id: int, where: EventFilter) -> Stats:
    """Every figure of the filtered Events, from one state of the database."""
    sorts = _sorts(connection, organization_id, where)
    risks = _sums(sorts, "risk")
    return Stats(
        since=where.since,
        until=where.until,
        total=sum(count for _, count in sorts),
        tool_calls=_sums(sorts, "kind")[EventKind.TOOL_CALL.value],
        blocked=sum(_sums(sorts, "decision")[stopped] for stopped in _STOPPED),
        with_pii=_sums(sorts, "has_pii")[True],
        users=len(_sums(sorts, "user_label")),
        agents=len(_sums(sorts, "agent")),
        **_others(connection, organization_id, where),
        by_risk={level: risks[int(level)] for level in RiskLevel},
        by_action=_most_frequent(_sums(sorts, "action").items()),
        by_decision=_most_frequent(_sums(sorts, "decision").items()),
        by_pii_type=_by_finding(connection, organization_id, where, "pii"),
        top_users=_most_frequent(_sums(sorts, "user_label").items())[:_TOP],
        top_rules=_by_finding(connection, organization_id, where, "rule_id", _TOP),
        over_time=histogram(connection, organization_id, where),
        controls=control_counts(connection, organization_id, where),
        top_events=riskiest(connection, organization_id, where, _TOP),
    )


def agent_counts(
    connection: Connection, organization_id: int, where: EventFilter
) -> tuple[Counted, ...]:
    """Events by agent, the most frequent first."""
    return _most_frequent(_sums(_sorts(connection, organization_id, where), "agent").items())


def _sorts(
    connection: Connection, organization_id: int, where: EventFilter
) -> list[tuple[RowMapping, int]]:
    """Each sort of Event that occurs, and how often."""
    rows = tallies(organization_id, where)
    columns = [rows.c[name] for name in SORT]
    found = connection.execute(
        select(*columns, func.sum(rows.c.events).label("events")).group_by(*columns)
    )
    return [(row, int(row["events"])) for row in found.mappings()]


def _sums(sorts: Iterable[tuple[RowMapping, int]], name: str) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for sort, count in sorts:
        sums[sort[name]] += count
    return sums


def _others(connection: Connection, organization_id: int, where: EventFilter) -> dict[str, int]:
    """Figures that no sort tells: small indexes do, or the Events themselves."""

    def number(name: str, *more: ColumnElement[bool]) -> int:
        found = select(func.count()).select_from(EVENTS).where(RARE[name], *more)
        found = found.where(*conditions(organization_id, where))
        return int(connection.execute(found).scalar_one())

    return {
        "with_secrets": number("event_with_secret"),
        "replayed": number("event_replayed"),
        "unfinished": number("event_unfinished", EVENTS.c.kind == EventKind.TOOL_CALL.value),
        "sessions": _sessions(connection, organization_id, where),
    }


def _sessions(connection: Connection, organization_id: int, where: EventFilter) -> int:
    """As many as their list has."""
    if is_rolled_up(where):
        return count_sessions(connection, organization_id, where)
    of_agent = EVENTS.c.kind.not_in(OURS)
    found = select(func.count(distinct(EVENTS.c.session_id))).where(of_agent)
    return int(connection.execute(found.where(*conditions(organization_id, where))).scalar_one())


def _by_finding(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    name: str,
    most: int | None = None,
) -> tuple[Counted, ...]:
    """How many Events have a Finding with each value of the column `name`."""
    findings = table_of(EventFinding)
    column = findings.c[name]
    statement: Select[Any] = (
        select(column, func.count(distinct(findings.c.event_pk)))
        .join(EVENTS, EVENTS.c.pk == findings.c.event_pk)
        .where(*conditions(organization_id, where), column.is_not(None))
        .group_by(column)
    )
    return _most_frequent([(value, n) for value, n in connection.execute(statement)])[:most]


def _most_frequent(found: Iterable[tuple[Any, int]]) -> tuple[Counted, ...]:
    ordered = sorted(found, key=lambda pair: (-pair[1], str(pair[0])))
    return tuple(Counted(value=str(value), count=count) for value, count in ordered)
