"""What one could filter by, and how many Events each choice would show."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from agentaudit_backend.store.filters import NO_CHOICE, EventFilter
from agentaudit_backend.store.profiles import CONTROL, RULE, tags_by_profile
from agentaudit_backend.store.reading.profile_conditions import CONTROLS
from agentaudit_backend.store.reading.sorts import Sort, read_sorts
from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.views import Counted
from agentaudit_processor.model import RiskLevel

MOST_VALUES = 50
"""Of one facet, where nobody asks for more."""

_COLUMNS = {
    "risk": "risk",
    "decision": "decision",
    "action": "action",
    "tool": "tool",
    "user": "user_label",
    "agent": "agent",
    "host": "host",
    "kind": "kind",
    "pii": "has_pii",
}
_OF_PROFILE = ("rule", "framework")
"""Facets of which an Event may have several values, or none."""
_LABELS: dict[str, Callable[[Any], str]] = {
    "risk": lambda risk: RiskLevel(risk).label,
    "pii": lambda found: "true" if found else "false",
}


def facets(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    *,
    most: int | None = MOST_VALUES,
) -> dict[str, tuple[Counted, ...]]:
    """Counts for every facet, each under the filter less its own condition.

    One question to the database: Events by all facets at once, without their conditions.
    """
    sorts = read_sorts(connection, organization_id, replace(where, **NO_CHOICE))
    things = _things(connection, {sort.profile for sort in sorts})
    counts: dict[str, Counter[Any]] = {name: Counter() for name in (*_COLUMNS, *_OF_PROFILE)}
    chosen = {name: values for name, values in _chosen(where).items() if values}
    places = {name: Sort._fields.index(column) for name, column in _COLUMNS.items()}
    for sort in sorts:
        found: dict[str, Collection[Any]] = {name: (sort[place],) for name, place in places.items()}
        found |= things[sort.profile]
        refused = [name for name, values in chosen.items() if values.isdisjoint(found[name])]
        if len(refused) > 1:
            continue
        for name in refused or found:
            for value in found[name]:
                counts[name][value] += int(sort.events)
    del counts["host"][""]
    return {
        name: _most_frequent(each, _LABELS.get(name, str), most) for name, each in counts.items()
    }


def _things(
    connection: Connection, profiles: Collection[int]
) -> dict[int, dict[str, frozenset[str]]]:
    """The rules and frameworks of each profile."""
    words = connection.execute(select(CONTROLS.c.id, CONTROLS.c.framework))
    framework_of: Mapping[str, str] = {str(id_): framework for id_, framework in words}
    return {
        profile: {
            "rule": frozenset(value for kind, value in tags if kind == RULE),
            "framework": frozenset(framework_of[value] for kind, value in tags if kind == CONTROL),
        }
        for profile, tags in tags_by_profile(connection, list(profiles)).items()
    }


def _chosen(where: EventFilter) -> dict[str, frozenset[Any]]:
    """The values that each facet is held to; none: all. Kinds are a condition of the counts."""
    return {
        "risk": frozenset(int(risk) for risk in where.risks),
        "decision": frozenset(decision.value for decision in where.decisions),
        "action": frozenset(action.value for action in where.actions),
        "tool": frozenset(map(name_of, where.tools)),
        "user": frozenset(map(name_of, where.users)),
        "agent": frozenset(map(name_of, where.agents)),
        "host": frozenset(map(name_of, where.hosts)),
        "rule": frozenset(map(name_of, where.rules)),
        "framework": frozenset(where.frameworks),
        "pii": frozenset() if where.pii is None else frozenset((where.pii,)),
    }


def _most_frequent(
    counts: Counter[Any], label: Callable[[Any], str], most: int | None
) -> tuple[Counted, ...]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Counted(value=label(value), count=count) for value, count in ordered[:most])
