"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite.

The column types' own conversions are applied; only SQLAlchemy's per-row bookkeeping is not, which
costs more than the insert itself.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
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
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from agentaudit_backend.store.types import (
    JsonText,
    PlainText,
    UtcDateTime,
    is_storable,
    json_text,
    storable,
    to_microseconds,
)

_Convert = Callable[[Any], Any]
_IDS_PER_STATEMENT = 500


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert `rows`, each in the order of `columns`."""
    convert = _conversion(table, tuple(columns), connection.dialect)
    converted = [convert(row) for row in rows]
    if not converted:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, converted)
    else:
        connection.exec_driver_sql(_insert_statement(table, tuple(columns)), converted)


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
    connection: Connection, table: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(column) for column in columns)
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {quote(table.name)} ({names}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conversion:
    """How a row becomes what the driver takes."""

    texts: tuple[int, ...]
    texts_of: Callable[[Sequence[Any]], Sequence[str | None]]
    others: tuple[tuple[int, _Convert], ...]

    def __call__(self, row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row)
        for place, convert in self.others:
            values[place] = convert(values[place])
        # One look at all texts together: almost no row holds anything that a database refuses.
        if not is_storable("".join(filter(None, self.texts_of(values)))):
            for place in self.texts:
                if values[place] is not None:
                    values[place] = storable(values[place])
        return tuple(values)


@cache
def _conversion(table: Table, columns: tuple[str, ...], dialect: Dialect) -> _Conversion:
    texts: list[int] = []
    others: list[tuple[int, _Convert]] = []
    for place, column in enumerate(columns):
        type_ = table.c[column].type
        if isinstance(type_, PlainText):
            texts.append(place)
        elif (convert := _converter(type_, dialect)) is not None:
            others.append((place, convert))
    return _Conversion(
        texts=tuple(texts),
        texts_of=itemgetter(*texts) if len(texts) > 1 else lambda row: [row[at] for at in texts],
        others=tuple(others),
    )


def _converter(type_: TypeEngine[Any], dialect: Dialect) -> _Convert | None:
    """What SQLAlchemy would do to a value, without the calls around it; None: nothing.

    Both drivers take bytes, truth values and numbers as they are, PostgreSQL's aware times too.
    """
    if isinstance(type_, LargeBinary | Boolean | Integer):
        return None
    if isinstance(type_, JsonText):
        return json_text
    if isinstance(type_, UtcDateTime):
        return _microseconds if dialect.name == "sqlite" else None
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else to_microseconds(at)


@cache
def _insert_statement(table: Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" for _ in columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608  our own names
