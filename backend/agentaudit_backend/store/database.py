"""Opens SQLite and PostgreSQL so that both keep the same promises.

A commit that returned is on the disk: SQLite runs in WAL mode with `synchronous=FULL`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from agentaudit_processor.ports import Unavailable

BUSY_TIMEOUT_MS = 10_000
# The text of an error goes to logs; the values of a statement are what agents and people typed.
_QUIET: Final[Mapping[str, Any]] = {"hide_parameters": True}


class BadUrl(ValueError):
    """A database URL that names no database we know."""


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`.

    Raises:
        BadUrl: any other URL. The text never holds the password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as problem:
        raise BadUrl("expected sqlite:///path or postgresql://user@host/name") from problem
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = create_engine(parsed, connect_args={"check_same_thread": False}, **_QUIET)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=10,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5},
            **_QUIET,
        )
    raise BadUrl(
        f"{parsed.render_as_string()}: expected sqlite:///path or postgresql://user@host/name"
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database throughout.

    Raises:
        Unavailable: the database cannot be reached.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with _reachable(), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; on SQLite it holds the one write lock from its first moment.

    Raises:
        Unavailable: the database is away, or stayed locked.
    """
    with _reachable(), engine.execution_options(immediate=True).begin() as connection:
        yield connection


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as problem:
        cause = getattr(problem, "orig", None) or problem
        # SQLite says why and quotes nothing; PostgreSQL's texts name hosts and users.
        reason = f": {cause}" if isinstance(cause, SqliteError) else ""
        raise Unavailable(f"database: {type(cause).__name__}{reason}") from problem


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would be a deferred one
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-32768",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred BEGIN that turns into a write fails at once when another writer was quicker;
    # BEGIN IMMEDIATE waits its turn.
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
