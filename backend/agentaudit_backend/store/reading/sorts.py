"""Each sort of Event that a filter holds, how often, and what Events of it met.

One question to the database answers most figures and all facets.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, true

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.profiles import Tags, tags_by_profile
from agentaudit_backend.store.reading.profile_conditions import profiles_where
from agentaudit_backend.store.reading.rollups import MONTHS, tallies


class Sort(NamedTuple):
    """The columns of `tallies.SORT`, and how many Events have these."""

    kind: str
    action: str
    risk: int
    decision: str
    user_label: str
    host: str
    agent: str
    tool: str
    has_pii: bool
    profile: int
    events: int


def read_sorts(connection: Connection, organization_id: int, where: EventFilter) -> list[Sort]:
    """Each sort that occurs."""
    rows = tallies(organization_id, where, widest=MONTHS)
    columns = [rows.c[name] for name in Sort._fields[:-1]]
    # From the last: SQLite would walk the whole index that begins like a group (risk, user).
    events = func.sum(rows.c.events)
    found = select(*columns, events).group_by(*reversed(columns)).having(events > 0)
    return [Sort(*row) for row in connection.execute(found)]


def sums(sorts: Iterable[Sort], name: str) -> Counter[Any]:
    """How many Events have each value of a column."""
    place = Sort._fields.index(name)
    found: Counter[Any] = Counter()
    for sort in sorts:
        found[sort[place]] += int(sort.events)
    return found


def met(connection: Connection, profiles: Counter[int]) -> dict[str, Counter[str]]:
    """How many Events met each thing, by the kind of thing; `profiles` counts their profiles."""
    found: dict[str, Counter[str]] = {}
    tags: dict[int, Tags] = tags_by_profile(connection, list(profiles))
    for profile, count in profiles.items():
        for kind, value in tags[profile]:
            found.setdefault(kind, Counter())[value] += count
    return found


def with_any(connection: Connection, profiles: Counter[int], kind: str) -> int:
    """How many Events met anything of a kind; `profiles` counts their profiles."""
    having = profiles_where(kind, true()).distinct()
    return sum(profiles[profile] for profile in connection.execute(having).scalars())
