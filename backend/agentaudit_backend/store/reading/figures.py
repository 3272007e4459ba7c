"""The figures of a filter: totals, breakdowns, controls, the riskiest Events."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, distinct, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.profiles import CONTROL, PII, RULE, SECRET
from agentaudit_backend.store.reading.conditions import EVENTS, conditions, conditions_without_index
from agentaudit_backend.store.reading.controls import control_counts
from agentaudit_backend.store.reading.events import riskiest
from agentaudit_backend.store.reading.histogram import histogram
from agentaudit_backend.store.reading.rollups import is_rolled_up
from agentaudit_backend.store.reading.sessions import count_sessions, own_without_calls
from agentaudit_backend.store.reading.sorts import met, read_sorts, sums, with_any
from agentaudit_backend.store.tables import RARE
from agentaudit_backend.store.tallies import OURS
from agentaudit_backend.store.views import Counted, Stats, Tally
from agentaudit_processor.model import Decision, EventKind, RiskLevel

_TOP = 10
_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)


def stats(connection: Connection, organization_id: int, where: EventFilter) -> Stats:
    """Every figure of the filtered Events, from one state of the database."""
    sorts = read_sorts(connection, organization_id, where)
    by = {name: sums(sorts, name) for name in ("kind", "action", "risk", "decision", "has_pii")}
    users, agents, hosts, tools = (
        sums(sorts, name) for name in ("user_label", "agent", "host", "tool")
    )
    del hosts[""]  # nobody told it
    profiles = sums(sorts, "profile")
    found = met(connection, profiles)
    return Stats(
        since=where.since,
        until=where.until,
        total=by["kind"].total(),
        tool_calls=by["kind"][EventKind.TOOL_CALL.value],
        gaps=by["kind"][EventKind.GAP.value],
        blocked=sum(by["decision"][stopped] for stopped in _STOPPED),
        with_pii=by["has_pii"][True],
        users=len(users),
        agents=len(agents),
        hosts=len(hosts),
        with_secrets=with_any(connection, profiles, SECRET),
        **_others(connection, organization_id, where),
        by_risk={level: by["risk"][int(level)] for level in RiskLevel},
        by_action=_most_frequent(by["action"]),
        by_decision=_most_frequent(by["decision"]),
        by_pii_type=_most_frequent(found.get(PII, {})),
        top_users=_most_frequent(users)[:_TOP],
        top_agents=_most_frequent(agents)[:_TOP],
        top_hosts=_most_frequent(hosts)[:_TOP],
        top_tools=_most_frequent(tools)[:_TOP],
        top_rules=_most_frequent(found.get(RULE, {}))[:_TOP],
        over_time=histogram(connection, organization_id, where),
        controls=control_counts(
            connection, {int(id_): count for id_, count in found.get(CONTROL, {}).items()}
        ),
        top_events=riskiest(connection, organization_id, where, _TOP),
    )


def tally(connection: Connection, organization_id: int, where: EventFilter) -> Tally:
    """The counts that are compared with those of another time."""
    sorts = read_sorts(connection, organization_id, where)
    risks, decisions = sums(sorts, "risk"), sums(sorts, "decision")
    return Tally(
        total=risks.total(),
        tool_calls=sums(sorts, "kind")[EventKind.TOOL_CALL.value],
        blocked=sum(decisions[stopped] for stopped in _STOPPED),
        grave=risks[int(RiskLevel.HIGH)] + risks[int(RiskLevel.CRITICAL)],
        with_pii=sums(sorts, "has_pii")[True],
        with_secrets=with_any(connection, sums(sorts, "profile"), SECRET),
        users=len(sums(sorts, "user_label")),
        agents=len(sums(sorts, "agent")),
        sessions=_sessions(connection, organization_id, where),
    )


def counts_by(
    connection: Connection, organization_id: int, where: EventFilter, name: str
) -> tuple[Counted, ...]:
    """Events by a column of `Sort`, the most frequent first."""
    return _most_frequent(sums(read_sorts(connection, organization_id, where), name))


def _others(connection: Connection, organization_id: int, where: EventFilter) -> dict[str, int]:
    """Figures that no sort tells: small indexes do, or the Events themselves."""

    of_kind = EVENTS.c.kind == EventKind.TOOL_CALL.value
    return {
        "replayed": _number(connection, organization_id, where, "event_replayed"),
        "unfinished": _number(connection, organization_id, where, "event_unfinished", of_kind),
        "sessions": _sessions(connection, organization_id, where),
    }


def _number(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    name: str,
    *more: ColumnElement[bool],
) -> int:
    """How many of the Events that one of the small indexes holds."""
    found = select(func.count()).select_from(EVENTS).where(RARE[name], *more)
    found = found.where(*conditions_without_index(organization_id, where))
    return int(connection.execute(found).scalar_one())


def _sessions(connection: Connection, organization_id: int, where: EventFilter) -> int:
    """As many as their list has."""
    if is_rolled_up(where):
        return count_sessions(connection, organization_id, where)
    of_agent = EVENTS.c.kind.not_in(OURS)
    ours = own_without_calls(organization_id)
    found = select(func.count(distinct(EVENTS.c.session_id))).where(of_agent)
    found = found.where(EVENTS.c.session_id.not_in(ours))
    return int(connection.execute(found.where(*conditions(organization_id, where))).scalar_one())


def _most_frequent(found: Mapping[Any, int]) -> tuple[Counted, ...]:
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return tuple(Counted(value=str(value), count=count) for value, count in ordered)
