"""Whether a store holds demonstration data, or Events of real agents; and taking the former out."""

from sqlalchemy import Connection, Engine, literal, not_, select

from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.demo_marks import AFTER_PREFIX, DEMO_DIALECT, DEMO_PREFIX
from agentaudit_backend.store.ingest import lock_head
from agentaudit_backend.store.own_facts import OWN_SESSIONS
from agentaudit_backend.store.removal import remove_events
from agentaudit_backend.store.tables import Event, Session, table_of

_EVENTS = table_of(Event)
_SESSIONS = table_of(Session)
_BITE = 2000
_IS_DEMO = (_SESSIONS.c.session_id >= DEMO_PREFIX) & (_SESSIONS.c.session_id < AFTER_PREFIX)


def has_demo(connection: Connection, organization_id: int) -> bool:
    """Tell whether a Session of the demonstration is here."""
    found = select(literal(1)).where(_SESSIONS.c.organization_id == organization_id, _IS_DEMO)
    return connection.execute(found.limit(1)).first() is not None


def has_real_sessions(connection: Connection, organization_id: int) -> bool:
    """Tell whether an agent's own Session is here."""
    of_it = _SESSIONS.c.organization_id == organization_id
    of_agent = _SESSIONS.c.session_id.not_in(OWN_SESSIONS)  # the server records what it does too
    found = select(literal(1)).where(of_it, not_(_IS_DEMO), of_agent).limit(1)
    return connection.execute(found).first() is not None


def remove_demo(engine: Engine, organization_id: int) -> int:
    """Remove every Event of the demonstration; gives how many there were.

    In small transactions, so that writers wait a moment; a run that was stopped can be run again.
    """
    removed = 0
    with reading(engine) as connection:
        sessions = connection.execute(
            select(_SESSIONS.c.session_id)
            .where(_SESSIONS.c.organization_id == organization_id, _IS_DEMO)
            .order_by(_SESSIONS.c.started_at)
        )
        waiting = list(sessions.scalars())
    while waiting:
        some, waiting = waiting[:20], waiting[20:]
        with writing(engine) as connection:
            lock_head(connection, organization_id)  # nobody completes one meanwhile
            removed += _remove(connection, organization_id, some)
    return removed


def _remove(connection: Connection, organization_id: int, sessions: list[str]) -> int:
    found = connection.execute(
        select(_EVENTS)
        .where(_EVENTS.c.organization_id == organization_id)
        .where(_EVENTS.c.session_id.in_(sessions), _EVENTS.c.dialect == DEMO_DIALECT)
    )
    rows = [dict(row) for row in found.mappings()]
    for start in range(0, len(rows), _BITE):
        remove_events(connection, rows[start : start + _BITE])
    return len(rows)
