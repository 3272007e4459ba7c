"""The figures of a filter: totals, breakdowns, controls, the riskiest Events."""

from typing import Any

from sqlalchemy import Column, Connection, Select, case, distinct, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.controls import control_counts
from agentaudit_backend.store.reading.events import riskiest
from agentaudit_backend.store.reading.histogram import histogram
from agentaudit_backend.store.tables import EventFinding, table_of
from agentaudit_backend.store.tallies import OURS
from agentaudit_backend.store.views import Counted, Stats
from agentaudit_processor.model import Decision, EventKind, Phase, RiskLevel

_TOP = 10
_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)


def stats(connection: Connection, organization_id: int, where: EventFilter) -> Stats:
    """Every figure of the filtered Events, from one state of the database."""
    totals = _totals(connection, organization_id, where)
    risks = dict(_grouped(connection, organization_id, where, EVENTS.c.risk))
    return Stats(
        since=where.since,
        until=where.until,
        **totals,
        by_risk={level: risks.get(int(level), 0) for level in RiskLevel},
        by_action=_counted(connection, organization_id, where, EVENTS.c.action),
        by_decision=_counted(connection, organization_id, where, EVENTS.c.decision),
        by_pii_type=_by_finding(connection, organization_id, where, "pii"),
        top_users=_counted(connection, organization_id, where, EVENTS.c.user_label, _TOP),
        top_rules=_by_finding(connection, organization_id, where, "rule_id", _TOP),
        over_time=histogram(connection, organization_id, where),
        controls=control_counts(connection, organization_id, where),
        top_events=riskiest(connection, organization_id, where, _TOP),
    )


def agent_counts(
    connection: Connection, organization_id: int, where: EventFilter
) -> tuple[Counted, ...]:
    """Events by agent, the most frequent first."""
    return _counted(connection, organization_id, where, EVENTS.c.agent)


def _totals(connection: Connection, organization_id: int, where: EventFilter) -> dict[str, int]:
    columns = EVENTS.c
    is_call = columns.kind == EventKind.TOOL_CALL.value
    of_agent = case((columns.kind.not_in(OURS), columns.session_id))
    row = connection.execute(
        select(
            func.count().label("total"),
            _number(is_call).label("tool_calls"),
            _number(columns.decision.in_(_STOPPED)).label("blocked"),
            _number(columns.has_pii).label("with_pii"),
            _number(columns.secret_types != []).label("with_secrets"),
            func.count(distinct(columns.user_label)).label("users"),
            func.count(distinct(columns.agent)).label("agents"),
            func.count(distinct(of_agent)).label("sessions"),
            _number(columns.replayed).label("replayed"),
            _number(is_call & (columns.phase == Phase.REQUESTED.value)).label("unfinished"),
        ).where(*conditions(organization_id, where))
    )
    return {name: int(value) for name, value in row.mappings().one().items()}


def _number(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _grouped(
    connection: Connection, organization_id: int, where: EventFilter, column: Column[Any]
) -> list[tuple[Any, int]]:
    statement = (
        select(column, func.count()).where(*conditions(organization_id, where)).group_by(column)
    )
    return [(value, count) for value, count in connection.execute(statement)]


def _counted(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    column: Column[Any],
    most: int | None = None,
) -> tuple[Counted, ...]:
    found = _grouped(connection, organization_id, where, column)
    return _most_frequent(found)[:most]


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


def _most_frequent(found: list[tuple[Any, int]]) -> tuple[Counted, ...]:
    ordered = sorted(found, key=lambda pair: (-pair[1], str(pair[0])))
    return tuple(Counted(value=str(value), count=count) for value, count in ordered)
