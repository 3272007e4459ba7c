"""What a row of a list says in a file: its columns for a table, its record for JSON Lines."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar, cast

from agentaudit_backend.templates.text import iso
from agentaudit_processor.model import Json

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Generic[Row]):
    """The rows of one list as files tell them."""

    name: str
    """What they are, in the plural: on the file, in the record of it."""
    columns: Mapping[str, Callable[[Row], object]]
    record: Callable[[Row], Mapping[str, Json]]


def rows_of(name: str, shape: str, columns: Mapping[str, Callable[[Row], object]]) -> Rows[Row]:
    """Rows whose record has the columns' values, and `shape` as the name of its form.

    Args:
        shape: `agentaudit.session/1`: a column is added without, renamed only with a new version.
        columns: each gives text, a number, a truth, a time, several texts, JSON, or None.
    """

    def record(row: Row) -> Mapping[str, Json]:
        return {"format": shape} | {name: _plain(read(row)) for name, read in columns.items()}

    return Rows(name=name, columns=columns, record=record)


def cell_text(value: object) -> str:
    """A column's value as a table's cell has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return "; ".join(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _plain(value: object) -> Json:
    if isinstance(value, datetime):
        return iso(value)
    return cast("Json", list(value) if isinstance(value, tuple) else value)
