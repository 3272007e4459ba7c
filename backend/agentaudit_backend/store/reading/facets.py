"""What one could filter by, and how many Events each choice would show."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Connection, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.views import Counted
from agentaudit_processor.model import RiskLevel

_MOST_VALUES = 50

_FACETS: dict[str, tuple[Column[Any], dict[str, Any], Callable[[Any], str]]] = {
    "risk": (EVENTS.c.risk, {"risks": ()}, lambda risk: RiskLevel(risk).label),
    "action": (EVENTS.c.action, {"actions": ()}, str),
    "decision": (EVENTS.c.decision, {"decisions": ()}, str),
    "user": (EVENTS.c.user_label, {"users": ()}, str),
    "agent": (EVENTS.c.agent, {"agents": ()}, str),
    "pii": (EVENTS.c.has_pii, {"pii": None}, lambda found: "true" if found else "false"),
}


def facets(
    connection: Connection, organization_id: int, where: EventFilter
) -> dict[str, tuple[Counted, ...]]:
    """Counts for every facet, each under the filter less its own condition."""
    return {
        name: _counted(connection, organization_id, replace(where, **without), column, label)
        for name, (column, without, label) in _FACETS.items()
    }


def _counted(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    column: Column[Any],
    label: Callable[[Any], str],
) -> tuple[Counted, ...]:
    found = connection.execute(
        select(column, func.count())
        .where(*conditions(organization_id, where))
        .group_by(column)
        .order_by(func.count().desc(), column)
        .limit(_MOST_VALUES)
    )
    return tuple(Counted(value=label(value), count=count) for value, count in found)
