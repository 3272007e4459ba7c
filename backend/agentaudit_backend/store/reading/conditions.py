"""EventFilter -> SQL; the only place where a filter becomes a condition."""

from typing import Any

from sqlalchemy import ColumnElement

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.tables import Event, table_of
from agentaudit_backend.store.types import storable

EVENTS = table_of(Event)
_MAX_WORDS = 10


def conditions(organization_id: int, where: EventFilter) -> list[ColumnElement[bool]]:
    """What a row of `event` must meet; to be joined by AND."""
    columns = EVENTS.c
    found: list[ColumnElement[bool]] = [columns.organization_id == organization_id]
    if where.since is not None:
        found.append(columns.at >= where.since)
    if where.until is not None:
        found.append(columns.at < where.until)
    if where.pii is not None:
        found.append(columns.has_pii.is_(where.pii))
    for column, values in _choices(where):
        if values:
            found.append(column.in_(values))
    words = (where.text or "").split()[:_MAX_WORDS]
    found.extend(columns.search.contains(storable(w).casefold(), autoescape=True) for w in words)
    return found


def _choices(where: EventFilter) -> list[tuple[ColumnElement[Any], list[Any]]]:
    columns = EVENTS.c
    return [
        (columns.risk, [int(risk) for risk in where.risks]),
        (columns.action, [action.value for action in where.actions]),
        (columns.decision, [decision.value for decision in where.decisions]),
        (columns.kind, [kind.value for kind in where.kinds]),
        (columns.user_label, [name_of(user) for user in where.users]),
        (columns.agent, [name_of(agent) for agent in where.agents]),
        (columns.tool, [name_of(tool) for tool in where.tools]),
        (columns.session_id, [name_of(session) for session in where.sessions]),
    ]
