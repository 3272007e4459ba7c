"""EventFilter -> SQL; the only place where a filter becomes a condition."""

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, false, func, not_

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.profiles import RULE
from agentaudit_backend.store.reading.profile_conditions import (
    profiles_of_frameworks,
    profiles_with,
)
from agentaudit_backend.store.reading.review_conditions import asked_states, review_condition
from agentaudit_backend.store.reading.term_conditions import (
    event_condition,
    is_of_sort,
    sort_condition,
    word_condition,
)
from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.tables import Event, table_of
from agentaudit_processor.query.terms import Field

EVENTS = table_of(Event)


def conditions(organization_id: int, where: EventFilter) -> list[ColumnElement[bool]]:
    """What a row of `event` must meet; to be joined by AND."""
    columns = EVENTS.c
    found: list[ColumnElement[bool]] = [columns.organization_id == organization_id]
    if where.since is not None:
        found.append(columns.at >= where.since)
    if where.until is not None:
        found.append(columns.at < where.until)
    found.extend(sort_conditions(columns, where))
    if where.sessions:
        found.append(columns.session_id.in_([name_of(name) for name in where.sessions]))
    if where.numbers is not None:  # what was typed is in them
        # SQLite would ask every Event whether it is one of none.
        found.append(columns.pk.in_(where.numbers) if where.numbers else false())
        return found
    states = asked_states(where)
    if states is not None:
        found.append(review_condition(organization_id, states))
    found.extend(
        event_condition(term)
        for term in where.terms
        if term.field is not Field.REVIEW and not is_of_sort(term)
    )
    found.extend(word_condition(word) for word in where.words)
    found.extend(not_(word_condition(word)) for word in where.words_excluded)
    return found


def conditions_without_index(organization_id: int, where: EventFilter) -> list[ColumnElement[bool]]:
    """As `conditions`, users and risks written so that no index serves them.

    Without statistics SQLite would take the index of the user, and read all of a user's Events,
    where a better one (of a Session, of what is rare) reads a few.
    """
    found = conditions(organization_id, replace(where, users=(), risks=()))
    if where.users:
        labels = [name_of(user) for user in where.users]
        found.append(func.coalesce(EVENTS.c.user_label, "").in_(labels))
    if where.risks:
        found.append(func.coalesce(EVENTS.c.risk, 0).in_([int(risk) for risk in where.risks]))
    return found


def sort_conditions(columns: Any, where: EventFilter) -> list[ColumnElement[bool]]:
    """The conditions that the counts know too; `columns` are those of `event` or of a count."""
    found: list[ColumnElement[bool]] = [
        column.in_(values) for column, values in _choices(columns, where) if values
    ]
    if where.pii is not None:
        found.append(columns.has_pii.is_(where.pii))
    if where.rules:
        found.append(columns.profile.in_(profiles_with(RULE, where.rules)))
    if where.frameworks:
        found.append(columns.profile.in_(profiles_of_frameworks(where.frameworks)))
    found.extend(sort_condition(columns, term) for term in where.terms if is_of_sort(term))
    return found


def _choices(columns: Any, where: EventFilter) -> list[tuple[ColumnElement[Any], list[Any]]]:
    return [
        (columns.risk, [int(risk) for risk in where.risks]),
        (columns.action, [action.value for action in where.actions]),
        (columns.decision, [decision.value for decision in where.decisions]),
        (columns.kind, [kind.value for kind in where.kinds]),
        (columns.user_label, [name_of(user) for user in where.users]),
        (columns.agent, [name_of(agent) for agent in where.agents]),
        (columns.tool, [name_of(tool) for tool in where.tools]),
        (columns.host, [name_of(host) for host in where.hosts]),
    ]
