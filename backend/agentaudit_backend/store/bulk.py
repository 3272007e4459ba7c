"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite.

The column types' own conversions are applied; only SQLAlchemy's per-row bookkeeping is not, which
costs more than the insert itself. Rows may also be made plain before, where there is time.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    func,
    select,
)

from agentaudit_backend.store.plain import Kind, PlainMaker, PlainRow
from agentaudit_backend.store.types import JsonText, PlainText, UtcDateTime
from agentaudit_backend.store.values import from_microseconds

_IDS_PER_STATEMENT = 500


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert `rows`, each in the order of `columns`."""
    made_plain = plain_maker(table, columns)
    insert_plain(connection, table, columns, [made_plain(row) for row in rows])


def insert_plain(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: list[PlainRow]
) -> None:
    """Insert rows that are plain."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, rows)
    else:
        connection.exec_driver_sql(_insert_statement(table, columns), rows)


def insert_dicts(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, which all have the same keys."""
    if rows:
        columns = tuple(rows[0])
        insert_rows(connection, table, columns, [tuple(row[c] for c in columns) for row in rows])


def delete_keys(connection: Connection, column: Column[Any], keys: Sequence[Any]) -> None:
    """Delete the rows whose `column` holds one of `keys`."""
    if keys:
        connection.execute(delete(column.table).where(among(connection, column, keys)))


def among(
    connection: Connection, column: Column[Any], keys: Iterable[str | int]
) -> ColumnElement[bool]:
    """The condition that `column` holds one of `keys`, however many: as one bound value.

    Keys are ours, ids and numbers, and are bound as they are.
    """
    if connection.dialect.name == "postgresql":
        kind = BigInteger if isinstance(column.type, Integer) else Text
        return column == any_(bindparam(None, sorted(keys), type_=ARRAY(kind)))
    listed = func.json_each(json.dumps(sorted(keys))).table_valued("value")
    return column.in_(select(listed.c.value))


def chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """`items` in pieces that one statement's parameters can hold."""
    for start in range(0, len(items), _IDS_PER_STATEMENT):
        yield items[start : start + _IDS_PER_STATEMENT]


def _copy(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: list[PlainRow]
) -> None:
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(column) for column in columns)
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {quote(table.name)} ({names}) FROM STDIN"
    times = _times(table, columns)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(_with_times(row, times) if times else row)


@cache
def _times(table: Table, columns: tuple[str, ...]) -> tuple[int, ...]:
    """The places of times in a row."""
    kinds = [type(table.c[column].type) for column in columns]
    return tuple(place for place, kind in enumerate(kinds) if kind is UtcDateTime)


def _with_times(row: PlainRow, places: tuple[int, ...]) -> Sequence[Any]:
    values = list(row)
    for place in places:
        if values[place] is not None:
            values[place] = from_microseconds(values[place])
    return values


@cache
def plain_maker(table: Table, columns: tuple[str, ...]) -> PlainMaker:
    """What makes rows of `table`, in the order of `columns`, plain."""
    return PlainMaker.of(_kind_of(table.c[column]) for column in columns)


def _kind_of(column: Column[Any]) -> Kind:
    type_ = column.type
    for kind, types in _KINDS.items():
        if isinstance(type_, types):
            return kind
    raise TypeError(f"{column}: no plain form of a {type_!r}")


_KINDS: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (PlainText,),
    Kind.JSON: (JsonText,),
    Kind.TIME: (UtcDateTime,),
    Kind.AS_IT_IS: (LargeBinary, Boolean, Integer),
}


@cache
def _insert_statement(table: Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" for _ in columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608  our own names
