"""Brings a database's tables up to date, and says whether they are."""

import time
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from agentaudit_backend.store.database import STATEMENT_TIMEOUT_S, reading, writing

_SCRIPTS = Path(__file__).with_name("migrations")
_PAUSE_S = 0.5
_MIGRATION_LOCK = 0x61617564_32  # any constant, ours alone in the database


def migrate(engine: Engine) -> None:
    """Run what is missing, in one transaction; on PostgreSQL what takes long is done before it.

    A second process waits for the first: on PostgreSQL by an advisory lock, on SQLite by the write
    lock that the transaction takes with its first statement.

    Raises:
        Unavailable: the database cannot be reached.
    """
    if engine.dialect.name == "postgresql":
        _prepare(engine)
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # a large table takes long
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # and another waits for it
            connection.execute(lock, {"key": _MIGRATION_LOCK})
        command.upgrade(alembic_config(connection), "head")


def _prepare(engine: Engine) -> None:
    """Run `prepare` of each migration to come that has one, while everybody reads and writes."""
    own = engine.execution_options(isolation_level="AUTOCOMMIT")
    with writing(own) as connection:
        wanted = _prepared(connection)
        if not wanted:
            return
        connection.execute(text("SET statement_timeout = 0"))
        key = {"key": _MIGRATION_LOCK}
        # Nobody may wait within a statement: building an index waits for all statements to end.
        while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar():
            time.sleep(_PAUSE_S)
        try:
            for prepare in _prepared(connection):
                prepare(connection)
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
            connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'"))


def _prepared(connection: Connection) -> list[Callable[[Connection], None]]:
    """What is to be done before; nothing in a database that is empty, or up to date."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return []
    scripts = ScriptDirectory(str(_SCRIPTS)).iterate_revisions("head", revision)
    modules = [script.module for script in scripts][::-1]
    return [module.prepare for module in modules if hasattr(module, "prepare")]


def is_current(engine: Engine) -> bool:
    """Tell whether no migration is missing."""
    head = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for our scripts on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
