"""PostgreSQL keeps Events by the month in which they arrived: tables made ahead, dropped when due.

The month is in the upper bits of an Event's key. So all that hangs on an Event lies in the same
month, a look-up by key goes to one table, and keys still grow as Events arrive. What is older than
the partitions themselves lies in one called `before`. SQLite has no partitions and needs none.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text

TABLES: Final = {"event": "pk", "event_content": "event_pk", "finding": "event_pk"}
"""Which tables are partitioned, and the column that holds the Event's key."""
BEFORE: Final = "before"
AHEAD: Final = 3
"""Months for which tables are there before they begin."""
_SEQUENCE_BITS: Final = 40
_YEAR: Final = 1970
_PATIENCE_S: Final = 2

_MONTH_NOW = text(
    "SELECT (extract(year FROM now) - :year)::int * 12 + extract(month FROM now)::int - 1 "
    "FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) AS clock"
)
_NAMES = text(
    "SELECT substr(child.relname, length(parent.relname) + 2) FROM pg_inherits "
    "JOIN pg_class AS child ON child.oid = inhrelid "
    "JOIN pg_class AS parent ON parent.oid = inhparent "
    "WHERE inhparent = CAST('event' AS regclass)"
)
_IS_THERE = text("SELECT to_regclass(:name) IS NOT NULL")


def first_key(month: int) -> int:
    """The least key of a month, which is counted from January 1970 on."""
    return month << _SEQUENCE_BITS


def name_of_month(month: int) -> str:
    """How its tables end: `2026_11`."""
    return f"{_YEAR + month // 12}_{month % 12 + 1:02}"


def month_now(connection: Connection) -> int:
    """The month by the database's clock: the same for every processor. Its tables are there.

    For writers: they have made them ahead, and else are made here.
    """
    month = int(connection.execute(_MONTH_NOW, {"year": _YEAR}).scalar_one())
    if not connection.execute(_IS_THERE, {"name": f"event_{name_of_month(month)}"}).scalar_one():
        make_months(connection, [month])
    return month


def make_ahead(connection: Connection) -> None:
    """Make what is missing of the tables of this month and those to come."""
    if connection.dialect.name == "postgresql":
        month = month_now(connection)
        months = range(month, month + AHEAD + 1)
        there = set(names_of_partitions(connection))
        make_months(connection, [one for one in months if name_of_month(one) not in there])


def make_months(connection: Connection, months: Iterable[int]) -> None:
    """Make the tables of `months`, unless somebody else was quicker; readers and writers go on."""
    for month in months:
        for table in TABLES:  # the lock that adding a partition takes, which others now wait for
            connection.execute(text(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE"))
            connection.execute(
                text(
                    f"CREATE TABLE IF NOT EXISTS {table}_{name_of_month(month)} "
                    f"PARTITION OF {table} "
                    f"FOR VALUES FROM ({first_key(month)}) TO ({first_key(month + 1)})"
                )
            )


def names_of_partitions(connection: Connection) -> list[str]:
    """`before`, `2026_11` …: the ends of the names of the partitions, the oldest first."""
    found = connection.execute(_NAMES).scalars()
    return sorted(found, key=lambda name: (name != BEFORE, name))


def keys_of(name: str) -> tuple[int, int]:
    """The least key of a partition, and the least of those after it."""
    if name == BEFORE:
        return 0, first_key(1)
    year, month = map(int, name.split("_"))
    number = (year - _YEAR) * 12 + month - 1
    return first_key(number), first_key(number + 1)


def drop_partition(connection: Connection, name: str) -> None:
    """Remove a partition with all that is in it.

    Whoever reads has to end first, and writers wait meanwhile: so it gives up after a moment, and
    its transaction fails.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE_S}s'"))
    for table in TABLES:
        connection.execute(text(f"DROP TABLE {table}_{name}"))
