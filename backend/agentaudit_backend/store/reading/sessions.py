"""Sessions, and the trail of one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.own_facts import OWN_SESSIONS
from agentaudit_backend.store.reading.conditions import EVENTS, conditions, conditions_without_index
from agentaudit_backend.store.reading.keyset import Order, page
from agentaudit_backend.store.reading.rollups import is_rolled_up, total
from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.tables import EventContent, Session, table_of
from agentaudit_backend.store.tallies import OURS
from agentaudit_backend.store.views import Missing, Page, SessionRow
from agentaudit_processor.model import Action, EventKind, RiskLevel

_SESSIONS = table_of(Session)
_CONTENTS = table_of(EventContent)
_FEW = 20_000
"""Events that are sooner found than all Sessions are asked."""
_FEW_OF_USERS = 200_000
"""The same where an index has them together: most Sessions would be asked in vain."""
_FEW_OF_HOSTS = 300_000
"""Events of hosts that are sooner counted in their own Sessions than all Sessions are asked."""
_LATEST = Order(name="-active", columns=(_SESSIONS.c.last_at, _SESSIONS.c.pk))


def list_sessions(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    *,
    cursor: str | None,
    limit: int,
) -> Page[SessionRow]:
    """Sessions that hold an Event under the filter, the latest active first."""
    rows = _rows(connection, organization_id, where)
    return page(connection, rows, _LATEST, cursor=cursor, limit=limit, build=_view)


def count_sessions(connection: Connection, organization_id: int, where: EventFilter) -> int:
    """How many Sessions that list has."""
    rows = _rows(connection, organization_id, where).subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def session_ids(connection: Connection, organization_id: int, where: EventFilter) -> Sequence[str]:
    """The ids of that list, all of it, in its order."""
    rows = _rows(connection, organization_id, where).order_by(
        _SESSIONS.c.last_at.desc(), _SESSIONS.c.pk.desc()
    )
    return connection.execute(rows.with_only_columns(_SESSIONS.c.session_id)).scalars().all()


def _rows(connection: Connection, organization_id: int, where: EventFilter) -> Select[Any]:
    of_agents = or_(_SESSIONS.c.session_id.not_in(OWN_SESSIONS), _SESSIONS.c.calls > 0)
    rows = select(_SESSIONS).where(_SESSIONS.c.organization_id == organization_id, of_agents)
    if where == EventFilter():
        return rows
    within = [
        *([] if where.since is None else [_SESSIONS.c.last_at >= where.since]),
        *([] if where.until is None else [_SESSIONS.c.started_at < where.until]),
    ]
    matching = _matching(organization_id, where)
    if _is_of_all(where):  # one that began in the window has its first Event there
        begun = true() if where.since is None else _SESSIONS.c.started_at >= where.since
        return rows.where(*within, or_(begun, matching))
    if is_rolled_up(where):
        events = total(connection, organization_id, where)
        few = _FEW_OF_USERS if where.users else _FEW
        if events < few:  # find them first; else ask each Session whether it holds one
            found = select(EVENTS.c.session_id).where(*conditions(organization_id, where))
            return rows.where(_SESSIONS.c.session_id.in_(found) if events else false())
        if where.hosts and events < _FEW_OF_HOSTS:
            own = _SESSIONS.c.host.in_([name_of(host) for host in where.hosts])
            if _are_all_in(connection, organization_id, where, own, events):
                return rows.where(*within, own, matching)
    return rows.where(*within, matching)


def _are_all_in(
    connection: Connection,
    organization_id: int,
    where: EventFilter,
    own: ColumnElement[bool],
    events: int,
) -> bool:
    """Whether the Sessions that are `own` hold all the filtered `events`, as they usually do.

    Then no other Session need be asked: most would be read to their end in vain.
    """
    of_own = select(_SESSIONS.c.session_id).where(
        _SESSIONS.c.organization_id == organization_id, own
    )
    inside = select(func.count()).select_from(EVENTS).where(EVENTS.c.session_id.in_(of_own))
    asked = inside.where(*conditions_without_index(organization_id, where))
    return int(connection.execute(asked).scalar_one()) == events


def _matching(organization_id: int, where: EventFilter) -> ColumnElement[bool]:
    """The condition that a Session holds a filtered Event."""
    return exists(
        select(literal(1))
        .select_from(EVENTS)
        .where(EVENTS.c.session_id == _SESSIONS.c.session_id)
        .where(*conditions_without_index(organization_id, where))
    )


def _is_of_all(where: EventFilter) -> bool:
    """Whether it holds each Event of its window that counts in a Session."""
    only_kinds = EventFilter(since=where.since, until=where.until, kinds=where.kinds)
    return where == only_kinds and (not where.kinds or {*where.kinds, *OURS} == {*EventKind})


def one_session(connection: Connection, organization_id: int, session_id: str) -> SessionRow | None:
    """The Session with this id."""
    found = connection.execute(
        select(_SESSIONS)
        .where(_SESSIONS.c.organization_id == organization_id)
        .where(_SESSIONS.c.session_id == name_of(session_id))
    )
    row = found.mappings().one_or_none()
    return None if row is None else _view(row)


def own_without_calls(organization_id: int) -> Select[Any]:
    """Ids of the server's own records, which are no agent's Sessions."""
    return (
        select(_SESSIONS.c.session_id)
        .where(_SESSIONS.c.organization_id == organization_id, _SESSIONS.c.calls == 0)
        .where(_SESSIONS.c.session_id.in_(OWN_SESSIONS))
    )


def sessions_by_id(
    connection: Connection, organization_id: int, session_ids: Sequence[str]
) -> tuple[SessionRow, ...]:
    """The Sessions with these ids, the latest active first."""
    found = connection.execute(
        select(_SESSIONS)
        .where(_SESSIONS.c.organization_id == organization_id)
        .where(_SESSIONS.c.session_id.in_([name_of(each) for each in session_ids]))
        .order_by(_SESSIONS.c.last_at.desc(), _SESSIONS.c.pk.desc())
    )
    return tuple(_view(row) for row in found.mappings())


def missing_records(
    connection: Connection, organization_id: int, session_id: str
) -> tuple[Missing, ...]:
    """Numbers of the Session's hook that no record here bears, up to the highest that one does."""
    numbers = connection.execute(
        select(_CONTENTS.c.client_sequence)
        .join(EVENTS, EVENTS.c.pk == _CONTENTS.c.event_pk)
        .where(EVENTS.c.organization_id == organization_id)
        .where(EVENTS.c.session_id == name_of(session_id))
        .where(_CONTENTS.c.client_sequence.is_not(None))
        .order_by(_CONTENTS.c.client_sequence)
    ).scalars()
    found: list[Missing] = []
    last = 0
    for number in numbers:
        if number > last + 1:
            found.append(Missing(first=last + 1, last=number - 1))
        last = number
    return tuple(found)


def repositories(
    connection: Connection, organization_id: int, session_ids: Sequence[str]
) -> dict[str, str]:
    """The first repository that each of these Sessions worked in, where one was told."""
    first = (
        select(EVENTS.c.repo)
        .where(EVENTS.c.organization_id == organization_id, EVENTS.c.repo.is_not(None))
        .where(EVENTS.c.session_id == _SESSIONS.c.session_id)
        .order_by(EVENTS.c.at)
        .limit(1)
        .scalar_subquery()
    )
    found = connection.execute(
        select(_SESSIONS.c.session_id, first.label("repo"))
        .where(_SESSIONS.c.organization_id == organization_id)
        .where(_SESSIONS.c.session_id.in_([name_of(each) for each in session_ids]))
    )
    return {row.session_id: row.repo for row in found if row.repo}


def ended_sessions(
    connection: Connection, organization_id: int, session_ids: Sequence[str]
) -> frozenset[str]:
    """Those of these Sessions that ended with their last Event, or just before it."""
    found = connection.execute(
        select(EVENTS.c.session_id)
        .join(_SESSIONS, _SESSIONS.c.session_id == EVENTS.c.session_id)
        .where(_SESSIONS.c.organization_id == organization_id)
        .where(EVENTS.c.organization_id == organization_id)
        .where(EVENTS.c.session_id.in_([name_of(each) for each in session_ids]))
        .where(EVENTS.c.action == Action.SESSION_END.value, EVENTS.c.at == _SESSIONS.c.last_at)
    )
    return frozenset(found.scalars())


def _view(row: RowMapping) -> SessionRow:
    return SessionRow(
        session_id=row["session_id"],
        user=row["user_label"],
        agent=row["agent"],
        host=row["host"],
        cwd=row["cwd"],
        started_at=row["started_at"],
        last_at=row["last_at"],
        calls=row["calls"],
        by_risk={level: row[level.label] for level in RiskLevel},
        blocked=row["blocked"],
        pii_events=row["pii_events"],
    )
