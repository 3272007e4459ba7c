"""Figures kept beside the Events: one row a Session, one an hour, a day, a month and sort of Event.

Each write adds the difference that it makes, so that a completed call is counted once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, reduce
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.dml import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite.dml import Insert as SqliteInsert

from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.shares import SORT, Share
from agentaudit_backend.store.tables import (
    Event,
    RollupDay,
    RollupHour,
    RollupMonth,
    Session,
    table_of,
)
from agentaudit_backend.store.values import from_microseconds
from agentaudit_processor.model import Decision, EventKind, RiskLevel

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
_ROLLUPS = (
    (table_of(RollupHour), "hour"),
    (table_of(RollupDay), "day"),
    (table_of(RollupMonth), "month"),
)
_HOST = SORT.index("host")
_session_of = itemgetter(0, 1)
_sort_of = itemgetter(*map(Share._fields.index, SORT))
_weighed = itemgetter(*map(Share._fields.index, ("kind", "risk", "decision", "has_pii")))
_HOUR_US = 3_600_000_000
_LEVELS = {int(level): level.label for level in RiskLevel}
_NOBODY = "unknown"
_SESSION_SUMS = ("calls", *_LEVELS.values(), "blocked", "pii_events")
_OUR_WORDS = frozenset(kind.value for kind in OURS)

Change = tuple[Share | None, Share]
"""An Event before a write (None: it is new) and after it."""
Counted = tuple[Share, int]
"""Events that are alike, and how many they are."""


def add_to_rollups(connection: Connection, changes: Sequence[Change]) -> None:
    """Count `changes` by hour, by day and by month."""
    added = [(after, 1) for _, after in changes]
    replaced = [(before, -1) for before, _ in changes if before is not None]
    _add(connection, _by_hour(added + replaced))


def take_from_rollups(connection: Connection, removed: Iterable[Counted]) -> None:
    """Count no longer what was removed."""
    events = _by_hour((share, -count) for share, count in removed)
    _add(connection, events)
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
    for share, count in removed:
        if share.kind in _OUR_WORDS:
            continue
        sums = taken.setdefault(_session_of(share), dict.fromkeys(_SESSION_SUMS, 0))
        for column, amount in _session_sums(*_weighed(share)).items():
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
    sessions: dict[tuple[int, str], list[Change]] = {}
    for change in changes:
        after = change[1]
        if after.kind not in _OUR_WORDS:
            sessions.setdefault(_session_of(after), []).append(change)
    if sessions:
        rows = [_session_row(key, sessions[key]) for key in sorted(sessions)]
        connection.execute(_session_upsert(connection.dialect.name), rows)


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


def _by_hour(counted: Iterable[Counted]) -> Counter[tuple[Any, ...]]:
    """How many there are of each sort: whose, in which hour, and what `SORT` names."""
    events: Counter[tuple[Any, ...]] = Counter()
    for share, count in counted:
        hour_us = share.at_us - share.at_us % _HOUR_US
        events[share.organization_id, hour_us, share.host or "", _sort_of(share)] += count
    found: Counter[tuple[Any, ...]] = Counter()
    for (organization_id, hour_us, host, sort), count in events.items():
        named = (*sort[:_HOST], host, *sort[_HOST + 1 :])
        found[organization_id, from_microseconds(hour_us), *named] += count
    return found


def _session_row(key: tuple[int, str], changes: Sequence[Change]) -> Row:
    """What these changes, all of one Session, add to its row."""
    shares = [after for _, after in changes]
    sums: Counter[tuple[str, int, str, bool]] = Counter(map(_weighed, shares))
    sums.subtract(_weighed(before) for before, _ in changes if before is not None)
    row: Row = dict.fromkeys(_SESSION_SUMS, 0)
    for weighed, count in sums.items():
        for column, amount in _session_sums(*weighed).items():
            row[column] += amount * count
    first = shares[0]
    return row | {
        "organization_id": key[0],
        "session_id": key[1],
        "user_label": reduce(_better_label, (one.user_label for one in shares)),
        "agent": first.agent,
        "host": next(filter(None, (one.host for one in shares)), first.host),
        "cwd": next(filter(None, (one.cwd for one in shares)), first.cwd),
        "started_at": from_microseconds(min(one.at_us for one in shares)),
        "last_at": from_microseconds(max(max(one.at_us, one.ended_at_us or 0) for one in shares)),
    }


def _better_label(known: str, told: str) -> str:
    return told if known == _NOBODY or _is_person(told) > _is_person(known) else known


def _is_person(user_label: str) -> bool:
    """Whether a label is an e-mail or `user @ host`: an agent's own telemetry may know no more than
    a digest of an account.
    """
    return "@" in user_label


def _session_sums(kind: str, risk: int, decision: str, has_pii: bool) -> dict[str, int]:
    """What one Event of this sort adds to its Session's figures."""
    sums = {"pii_events": int(has_pii)}
    if kind == EventKind.TOOL_CALL:
        sums |= {"calls": 1, _LEVELS[risk]: 1, "blocked": int(decision == Decision.BLOCK)}
    return sums


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
