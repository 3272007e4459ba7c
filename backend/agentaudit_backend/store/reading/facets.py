"""What one could filter by, and how many Events each choice would show."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.rollups import tallies
from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.views import Counted
from agentaudit_processor.model import RiskLevel

_MOST_VALUES = 50

_COLUMNS = {
    "risk": "risk",
    "action": "action",
    "decision": "decision",
    "user": "user_label",
    "agent": "agent",
    "pii": "has_pii",
}
_LABELS: dict[str, Callable[[Any], str]] = {
    "risk": lambda risk: RiskLevel(risk).label,
    "pii": lambda found: "true" if found else "false",
}
_NONE_CHOSEN: dict[str, Any] = {
    "risks": (),
    "actions": (),
    "decisions": (),
    "users": (),
    "agents": (),
    "pii": None,
}


def facets(
    connection: Connection, organization_id: int, where: EventFilter
) -> dict[str, tuple[Counted, ...]]:
    """Counts for every facet, each under the filter less its own condition.

    One question to the database: Events by all facets at once, without their conditions.
    """
    rows = tallies(organization_id, replace(where, **_NONE_CHOSEN))
    sort = [rows.c[column] for column in _COLUMNS.values()]
    # From the last: SQLite would walk the whole index that begins like a group (risk, user).
    grouped = select(*sort, func.sum(rows.c.events)).group_by(*reversed(sort))
    counts: dict[str, Counter[Any]] = {name: Counter() for name in _COLUMNS}
    chosen = _chosen(where)
    for *values, count in connection.execute(grouped):
        refused = [
            name
            for name, value in zip(_COLUMNS, values, strict=True)
            if chosen[name] and value not in chosen[name]
        ]
        for name, value in zip(_COLUMNS, values, strict=True):
            if not refused or refused == [name]:
                counts[name][value] += int(count)
    return {name: _most_frequent(counts[name], _LABELS.get(name, str)) for name in _COLUMNS}


def _chosen(where: EventFilter) -> dict[str, frozenset[Any]]:
    """The values that each facet is held to; none: all."""
    return {
        "risk": frozenset(int(risk) for risk in where.risks),
        "action": frozenset(action.value for action in where.actions),
        "decision": frozenset(decision.value for decision in where.decisions),
        "user": frozenset(name_of(user) for user in where.users),
        "agent": frozenset(name_of(agent) for agent in where.agents),
        "pii": frozenset() if where.pii is None else frozenset((where.pii,)),
    }


def _most_frequent(counts: Counter[Any], label: Callable[[Any], str]) -> tuple[Counted, ...]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        Counted(value=label(value), count=count) for value, count in ordered[:_MOST_VALUES]
    )
