"""What figures tell of one Event, by its row: whose it is, when it began, and of which sort."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from agentaudit_backend.store.columns import COLUMNS
from agentaudit_backend.store.plain import PlainRow
from agentaudit_backend.store.values import to_microseconds

SORT = (
    "kind",
    "action",
    "risk",
    "decision",
    "user_label",
    "host",
    "agent",
    "tool",
    "has_pii",
    "profile",
)
"""What makes two Events of one sort: the columns that each `rollup_` table has."""


class Share(NamedTuple):
    """What figures tell of one Event."""

    organization_id: int
    session_id: str
    at_us: int
    """Microseconds since 1970, as the next one."""
    ended_at_us: int | None
    cwd: str | None
    kind: str
    action: str
    risk: int
    decision: str
    user_label: str
    host: str | None
    agent: str
    tool: str
    has_pii: bool
    profile: int


_IN_ROW = ("organization_id", "session_id", "at", "ended_at", "cwd", *SORT[:-1])
_shared_of = itemgetter(*map(COLUMNS.index, _IN_ROW))


def share_of(row: PlainRow, profile: int) -> Share:
    """The Share of an Event by its row."""
    return Share._make((*_shared_of(row), profile))


def share_of_stored(row: Mapping[str, Any]) -> Share:
    """The same of a row as the database gives it, or of what such rows have in common."""
    at, ended_at = row["at"], row.get("ended_at")
    return Share(
        organization_id=row["organization_id"],
        session_id=row["session_id"],
        at_us=to_microseconds(at),
        ended_at_us=None if ended_at is None else to_microseconds(ended_at),
        cwd=row.get("cwd"),
        **{column: row[column] for column in SORT},
    )
