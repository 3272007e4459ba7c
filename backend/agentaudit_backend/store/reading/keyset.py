"""Keyset pages: a cursor names the row that it stands beside, so rows that arrive shift nothing."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    func,
    or_,
    select,
)

from agentaudit_backend.store.values import from_microseconds, to_microseconds
from agentaudit_backend.store.views import TOTAL_CAP, Item, Page

_LONGEST_CURSOR = 300


Find = Callable[[list[Any] | None, bool, int], Sequence[RowMapping]]
"""(place to begin beyond, descending, how many) -> rows."""


class BadCursor(ValueError):
    """A cursor that this store did not make, or made for another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order that no two rows share a place in: `columns` end with a unique one."""

    name: str
    columns: tuple[Column[Any], ...]
    descending: bool = True


def page(
    connection: Connection,
    rows: Select[Any],
    order: Order,
    *,
    cursor: str | None,
    limit: int,
    offset: int = 0,
    total: int | None = None,
    build: Callable[[RowMapping], Item],
    find: Find | None = None,
) -> Page[Item]:
    """The page of `rows` beside `cursor`; `rows` selects a whole table and has its conditions.

    Args:
        offset: rows to skip, which costs as much as reading them; for clients without cursor.
        total: of all rows, held to `TOTAL_CAP`, where it is known without counting them.
        find: a quicker way to the rows in this order.

    Raises:
        BadCursor: see there.
    """
    backwards, place = _decode(order, cursor) if cursor else (False, None)
    descending = order.descending != backwards
    if find is not None:
        found = find(place, descending, limit + 1)
    else:
        statement = rows
        if place is not None:
            statement = statement.where(beyond(order.columns, place, descending=descending))
        directions = [c.desc() if descending else c.asc() for c in order.columns]
        ordered = statement.order_by(*directions).limit(limit + 1).offset(offset)
        found = connection.execute(ordered).mappings().all()
    more = len(found) > limit
    shown = found[:limit][::-1] if backwards else found[:limit]
    before = more if backwards else place is not None or offset > 0
    after = place is not None if backwards else more
    return Page(
        items=tuple(build(row) for row in shown),
        newer=_encode(order, shown[0], backwards=True) if shown and before else None,
        older=_encode(order, shown[-1], backwards=False) if shown and after else None,
        total=_total(connection, rows) if total is None else total,
    )


def _total(connection: Connection, rows: Select[Any]) -> int:
    some = rows.order_by(None).limit(TOTAL_CAP).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def beyond(
    columns: Sequence[Column[Any]], place: Sequence[Any], *, descending: bool
) -> ColumnElement[bool]:
    """Rows after `place`: (a, b) > (x, y) written so that an index on (a, b) serves it."""
    column, value = columns[0], place[0]
    further: ColumnElement[bool] = column < value if descending else column > value
    if len(columns) == 1:
        return further
    rest = beyond(columns[1:], place[1:], descending=descending)
    at_most: ColumnElement[bool] = column <= value if descending else column >= value
    return and_(at_most, or_(further, rest))


def _encode(order: Order, row: RowMapping, *, backwards: bool) -> str:
    place = [_plain(row[column.name]) for column in order.columns]
    text = json.dumps([order.name, backwards, *place], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def cursor_before(at: datetime) -> str:
    """A cursor of the order `-time` that stands beside this moment, no row needed."""
    text = json.dumps(["-time", False, to_microseconds(at), 0], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(order: Order, cursor: str) -> tuple[bool, list[Any]]:
    problem = BadCursor("this cursor is not one of ours, or belongs to another order")
    if len(cursor) > _LONGEST_CURSOR:
        raise problem
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, backwards, *place = json.loads(urlsafe_b64decode(padded))
    except (BadBase64, ValueError, TypeError, RecursionError):
        raise problem from None
    known = name == order.name and isinstance(backwards, bool)
    whole = len(place) == len(order.columns) and all(type(part) is int for part in place)
    if not known or not whole or not all(abs(part) < 2**62 for part in place):
        raise problem
    try:
        return backwards, [_typed(c, part) for c, part in zip(order.columns, place, strict=True)]
    except OverflowError:
        raise problem from None


def _plain(value: Any) -> int:
    return to_microseconds(value) if isinstance(value, datetime) else int(value)


def _typed(column: Column[Any], part: int) -> Any:
    if column.name == "risk" and part not in (1, 2, 3, 4):
        raise OverflowError("no risk level")
    if column.name not in ("at", "last_at"):
        return part
    at = from_microseconds(part)
    return at.astimezone(UTC)
