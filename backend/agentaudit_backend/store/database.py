"""Opens SQLite and PostgreSQL so that both keep the same promises.

A commit that returned is on the disk: SQLite runs in WAL mode with `synchronous=FULL`.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from agentaudit_processor.ports import Unavailable

BUSY_TIMEOUT_MS = 10_000
CONNECTIONS = 10
POOL_TIMEOUT_S = 10.0
STATEMENT_TIMEOUT_S = 60
LOCK_TIMEOUT_S = 30
IDLE_IN_TRANSACTION_S = 120
"""PostgreSQL ends the transaction of a process that went silent, and so frees its ledger's lock."""
# A peer that lost power says nothing: after a minute of silence the connection counts as broken.
_KEEPALIVE: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_READS_FROM_KIB, _WRITES_FROM_KIB = 32_768, 4_096
"""SQLite's own memory of pages, of each connection. Writing is no quicker with more: what it needs
of old pages is in the system's memory, and what it changes goes to the log."""
# The text of an error goes to logs; the values of a statement are what agents and people typed.
_READ_ONLY: Final = "ReadOnlySqlTransaction"
"""What a standby says that has not been promoted yet, or a primary whose disk is full."""
_QUIET: Final[Mapping[str, Any]] = {"hide_parameters": True}


_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
"""When whoever asks waits no longer, on the monotonic clock in seconds."""
_LOOK_EVERY = 20_000
"""Instructions of SQLite's machine between two looks at the clock: well below a millisecond."""
_TOO_LONG: Final = ("QueryCanceled", "interrupted")
"""How PostgreSQL and SQLite say that a statement was ended before its time."""


class TooLong(Unavailable):
    """A question was ended: it took longer than whoever asked would wait."""


class BadUrl(ValueError):
    """A database URL that names no database we know."""


def open_engine(url: str, connections: int = CONNECTIONS) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`.

    Args:
        connections: the most that are open to PostgreSQL at a time; who finds none waits.

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
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=connections,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, **_KEEPALIVE},
            **_QUIET,
        )
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    raise BadUrl(
        f"{parsed.render_as_string()}: expected sqlite:///path or postgresql://user@host/name"
    )


@contextmanager
def patience(seconds: float | None) -> Iterator[None]:
    """Within this block of one thread, what reads take longer than so much is ended."""
    token = _DEADLINE.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database throughout.

    Raises:
        TooLong: it took longer than `patience` allows.
        Unavailable: the database cannot be reached.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with _reachable(), engine.begin() as connection, _held_to(connection, _DEADLINE.get()):
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
def _held_to(connection: Connection, deadline: float | None) -> Iterator[None]:
    """End the statements of a connection at the deadline."""
    if deadline is None:
        yield
        return
    left_ms = _left_ms(deadline)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {left_ms}")
        event.listen(connection, "before_cursor_execute", _Shrinking(deadline, left_ms))
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: time.monotonic() > deadline, _LOOK_EVERY)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


@dataclass(slots=True)
class _Shrinking:
    """Leaves each statement of a transaction on PostgreSQL what is left, to a quarter second."""

    deadline: float
    told_ms: int

    def __call__(self, _connection: Connection, cursor: Any, *_: object) -> None:
        left_ms = _left_ms(self.deadline)
        if left_ms < self.told_ms - 250:
            cursor.execute(f"SET LOCAL statement_timeout = {left_ms}")
            self.told_ms = left_ms


def _left_ms(deadline: float) -> int:
    left_ms = int((deadline - time.monotonic()) * 1000)
    if left_ms <= 0:
        raise TooLong("database: no time is left")
    return left_ms


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, InternalError) as problem:
        cause = getattr(problem, "orig", None) or problem
        if isinstance(problem, InternalError) and type(cause).__name__ != _READ_ONLY:
            raise
        if type(cause).__name__ in _TOO_LONG or str(cause) in _TOO_LONG:
            raise TooLong(f"database: {type(cause).__name__}") from problem
        # SQLite says why and quotes nothing; PostgreSQL's texts name hosts and users.
        reason = f": {cause}" if isinstance(cause, SqliteError) else ""
        raise Unavailable(f"database: {type(cause).__name__}{reason}") from problem


def _prepare_postgres(connection: Any, _record: object) -> None:
    limits = {
        "statement_timeout": STATEMENT_TIMEOUT_S,
        "lock_timeout": LOCK_TIMEOUT_S,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_S,
    }
    for name, seconds in limits.items():
        connection.execute(f"SET {name} = '{seconds}s'")
    # Compiling a statement over many partitions takes seconds, and no time-out ends it.
    connection.execute("SET jit = off")
    connection.commit()


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would be a deferred one
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    kib = _WRITES_FROM_KIB if immediate else _READS_FROM_KIB
    connection.exec_driver_sql(f"PRAGMA cache_size=-{kib}")
    # A deferred BEGIN that turns into a write fails at once when another writer was quicker;
    # BEGIN IMMEDIATE waits its turn.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
