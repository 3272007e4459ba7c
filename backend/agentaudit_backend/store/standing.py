"""How a database stands: what it is, how large, how far migrated, what is in it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select, text

from agentaudit_backend.store.migrate import is_current
from agentaudit_backend.store.tables import Event, LedgerHead, LedgerLeaf, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Plain figures."""

    kind: str
    """`SQLite 3.45.1` or `PostgreSQL 16.2`."""
    folder: Path | None
    """Of a SQLite file; a server's is not ours to look into."""
    size_bytes: int
    is_current: bool
    """No migration is missing."""
    leaves: int
    """Of the organisation's ledger."""
    sessions_open: int
    """Log-ins to the dashboard that count."""
    latest_number: int
    recorded_at: datetime | None
    """When the newest leaf was written."""


def standing(engine: Engine, connection: Connection, organization_id: int) -> Standing:
    """The figures; none of them counts rows of Events."""
    heads, own_leaves, events = table_of(LedgerHead), table_of(LedgerLeaf), table_of(Event)
    newest = (
        select(own_leaves.c.recorded_at)
        .where(own_leaves.c.organization_id == organization_id)
        .order_by(own_leaves.c.seq.desc())
        .limit(1)
    )
    leaves = select(heads.c.size).where(heads.c.organization_id == organization_id)
    is_sqlite = engine.dialect.name == "sqlite"
    size = (
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if is_sqlite
        else "SELECT pg_database_size(current_database())"
    )
    version = "SELECT sqlite_version()" if is_sqlite else "SHOW server_version"
    told = str(connection.execute(text(version)).scalar_one())
    return Standing(
        kind=f"{'SQLite' if is_sqlite else 'PostgreSQL'} {told}",
        folder=Path(engine.url.database).parent if is_sqlite and engine.url.database else None,
        size_bytes=int(connection.execute(text(size)).scalar_one()),
        is_current=is_current(engine),
        leaves=connection.execute(leaves).scalar_one_or_none() or 0,
        sessions_open=int(
            connection.execute(text("SELECT count(*) FROM web_session")).scalar_one()
        ),
        latest_number=connection.execute(select(func.max(events.c.pk))).scalar_one_or_none() or 0,
        recorded_at=connection.execute(newest).scalar_one_or_none(),
    )
