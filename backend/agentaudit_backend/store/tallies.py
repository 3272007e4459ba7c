"""Figures kept beside the Events: one row a Session, one an hour, a day, a month and sort of Event.

Each write adds the difference that it makes, so that a completed call is counted once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.dml import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite.dml import Insert as SqliteInsert

from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.tables import (
    Event,
    RollupDay,
    RollupHour,
    RollupMonth,
    Session,
    table_of,
)
from agentaudit_processor.model import Decision, EventKind, RiskLevel

Change = tuple[Row | None, Row]
"""An Event's row before a write (None: it is new) and after it."""
Counted = tuple[Mapping[str, Any], int]
"""What figures tell of an Event's row, and of how many alike."""

OURS = (
    EventKind.POLICY_CHANGE,
    EventKind.LOG_ACCESS,
    EventKind.EXPORT,
    EventKind.LOGGING_STATE,
    EventKind.RETENTION_PURGE,
    EventKind.APPROVAL,
    EventKind.REVIEW,
    EventKind.HEARTBEAT,
)
"""Kinds that tell of recording itself; they count in no agent's Session."""
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
_ROLLUPS = (
    (table_of(RollupHour), "hour"),
    (table_of(RollupDay), "day"),
    (table_of(RollupMonth), "month"),
)
_LEVELS = {int(level): level.label for level in RiskLevel}
_NOBODY = "unknown"
_SESSION_SUMS = ("calls", *_LEVELS.values(), "blocked", "pii_events")
_OUR_WORDS = frozenset(kind.value for kind in OURS)
_session_of = itemgetter("organization_id", "session_id")
_placed_sort_of = itemgetter("organization_id", "at", *SORT)
_HOST = 2 + SORT.index("host")


def add_to_rollups(connection: Connection, changes: Iterable[Change]) -> None:
    """Count `changes` by hour, by day and by month."""
    events: Counter[tuple[Any, ...]] = Counter()
    for before, after in changes:
        events[_sort_of(after)] += 1
        if before is not None:
            events[_sort_of(before)] -= 1
    _add(connection, events)


def take_from_rollups(connection: Connection, removed: Iterable[Counted]) -> None:
    """Count no longer what was removed."""
    events: Counter[tuple[Any, ...]] = Counter()
    for row, count in removed:
        events[_sort_of(row)] += count
    _add(connection, Counter({key: -count for key, count in events.items()}))
    for table, span in _ROLLUPS:
        spans = {(organization_id, _START[span](hour)) for organization_id, hour, *_ in events}
        for organization_id, start in sorted(spans):
            within = (table.c.organization_id == organization_id) & (table.c[span] == start)
            connection.execute(delete(table).where(within, table.c.events == 0))


def take_from_sessions(connection: Connection, removed: Iterable[Counted]) -> None:
    """Count no longer what was removed; a Session of which no Event is left goes too.

    One of which some are left begins with the first of them.
    """
    taken: dict[tuple[int, str], Row] = {}
    for row, count in removed:
        if row["kind"] in _OUR_WORDS:
            continue
        key = _session_of(row)
        sums = taken.setdefault(key, dict.fromkeys(_SESSION_SUMS, 0))
        for column, amount in _session_sums(row).items():
            sums[column] += amount * count
    sessions, events = table_of(Session), table_of(Event)
    left = (
        select(events.c.pk)
        .where(events.c.organization_id == sessions.c.organization_id)
        .where(events.c.session_id == sessions.c.session_id)
        .exists()
    )
    first = (
        select(func.min(events.c.at))
        .where(events.c.organization_id == sessions.c.organization_id)
        .where(events.c.session_id == sessions.c.session_id)
        .where(events.c.kind.not_in(_OUR_WORDS))
        .scalar_subquery()
    )
    for (organization_id, session_id), sums in sorted(taken.items()):
        this = (sessions.c.organization_id == organization_id) & (
            sessions.c.session_id == session_id
        )
        less = {column: sessions.c[column] - amount for column, amount in sums.items()}
        connection.execute(update(sessions).where(this).values(less))
        connection.execute(delete(sessions).where(this, ~left))
        connection.execute(
            update(sessions)
            .where(this)
            .values(started_at=func.coalesce(first, sessions.c.started_at))
        )


def _add(connection: Connection, events: Counter[tuple[Any, ...]]) -> None:
    for table, span in _ROLLUPS:
        sums: Counter[tuple[Any, ...]] = Counter()
        for (organization_id, hour, *sort), count in events.items():
            sums[organization_id, _START[span](hour), *sort] += count
        key = ("organization_id", span, *SORT)
        rows = [
            dict(zip(key, values, strict=True), events=count)
            for values, count in sorted(sums.items(), key=lambda item: str(item[0]))
            if count
        ]
        if rows:
            connection.execute(_rollup_upsert(connection.dialect.name, table, key), rows)


@cache
def _rollup_upsert(
    dialect: str, table: Table, key: tuple[str, ...]
) -> PostgresInsert | SqliteInsert:
    insert = _insert(dialect, table)
    counted = {"events": table.c.events + insert.excluded.events}
    return insert.on_conflict_do_update(index_elements=list(key), set_=counted)


def add_to_sessions(connection: Connection, changes: Sequence[Change]) -> None:
    """Count `changes` in `session`, making rows for new Sessions."""
    rows: dict[tuple[int, str], Row] = {}
    for before, after in changes:
        if after["kind"] in _OUR_WORDS:
            continue
        key = _session_of(after)
        row = rows.get(key)
        if row is None:
            row = rows[key] = _session_row(after)
        _stretch(row, after)
        for column, amount in _session_sums(after).items():
            row[column] += amount
        if before is not None:
            for column, amount in _session_sums(before).items():
                row[column] -= amount
    if rows:
        connection.execute(
            _session_upsert(connection.dialect.name), [rows[key] for key in sorted(rows)]
        )


def hour_of(at: datetime) -> datetime:
    """The hour that `at` lies in."""
    return at.replace(minute=0, second=0, microsecond=0)


def day_of(at: datetime) -> datetime:
    """The day in UTC that `at` lies in."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(at: datetime) -> datetime:
    """The month in UTC that `at` lies in."""
    return day_of(at).replace(day=1)


_START = {"hour": hour_of, "day": day_of, "month": month_of}


def _sort_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Whose, in which hour and of which sort."""
    sort = list(_placed_sort_of(row))
    sort[1] = hour_of(sort[1])
    sort[_HOST] = sort[_HOST] or ""
    return tuple(sort)


def _session_row(row: Row) -> Row:
    return {
        "organization_id": row["organization_id"],
        "session_id": row["session_id"],
        "user_label": row["user_label"],
        "agent": row["agent"],
        "host": row["host"],
        "cwd": row["cwd"],
        "started_at": row["at"],
        "last_at": row["at"],
        **dict.fromkeys(_SESSION_SUMS, 0),
    }


def _stretch(session: Row, row: Row) -> None:
    at = row["at"]
    session["started_at"] = min(session["started_at"], at)
    session["last_at"] = max(session["last_at"], row["ended_at"] or at, at)
    session["host"] = session["host"] or row["host"]
    session["cwd"] = session["cwd"] or row["cwd"]
    known, told = session["user_label"], row["user_label"]
    if known != told and (known == _NOBODY or _is_person(told) > _is_person(known)):
        session["user_label"] = told


def _is_person(user_label: str) -> bool:
    """Whether a label is an e-mail or `user @ host`: an agent's own telemetry may know no more than
    a digest of an account.
    """
    return "@" in user_label


def _session_sums(row: Mapping[str, Any]) -> dict[str, int]:
    if row["kind"] != EventKind.TOOL_CALL:
        return {"pii_events": int(row["has_pii"])}
    return {
        "calls": 1,
        _LEVELS[row["risk"]]: 1,
        "blocked": int(row["decision"] == Decision.BLOCK),
        "pii_events": int(row["has_pii"]),
    }


@cache
def _session_upsert(dialect: str) -> PostgresInsert | SqliteInsert:
    table = table_of(Session)
    insert = _insert(dialect, table)
    new = insert.excluded
    changes: dict[str, Any] = {column: table.c[column] + new[column] for column in _SESSION_SUMS}
    changes["started_at"] = case(
        (new.started_at < table.c.started_at, new.started_at), else_=table.c.started_at
    )
    changes["last_at"] = case((new.last_at > table.c.last_at, new.last_at), else_=table.c.last_at)
    changes["host"] = func.coalesce(table.c.host, new.host)
    changes["cwd"] = func.coalesce(table.c.cwd, new.cwd)
    named = new.user_label.contains("@") & ~table.c.user_label.contains("@")
    changes["user_label"] = case(
        ((table.c.user_label == _NOBODY) | named, new.user_label), else_=table.c.user_label
    )
    return insert.on_conflict_do_update(
        index_elements=["organization_id", "session_id"], set_=changes
    )


def _insert(dialect: str, table: Table) -> PostgresInsert | SqliteInsert:
    if dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
