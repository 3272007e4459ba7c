"""Brings a database's tables up to date, and says whether they are."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from agentaudit_backend.store.database import reading, writing

_SCRIPTS = Path(__file__).with_name("migrations")
_MIGRATION_LOCK = 0x61617564_32  # any constant, ours alone in the database


def migrate(engine: Engine) -> None:
    """Run what is missing, in one transaction.

    A second process waits for the first: on PostgreSQL by an advisory lock, on SQLite by the write
    lock that the transaction takes with its first statement.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # a large table takes long
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # and another waits for it
            connection.execute(lock, {"key": _MIGRATION_LOCK})
        command.upgrade(alembic_config(connection), "head")


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
