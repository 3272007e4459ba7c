"""Column types that mean the same on SQLite and PostgreSQL, by what `values` says of values."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from agentaudit_backend.store.values import (
    from_microseconds,
    json_text,
    storable,
    to_microseconds,
)

# SQLite numbers rows by INTEGER PRIMARY KEY only; PostgreSQL needs the wider type.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class PlainText(TypeDecorator[str]):
    """Text of any length and origin."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace what a database would refuse."""
        return None if value is None else storable(value)


class JsonText(TypeDecorator[Any]):
    """A small JSON value as text (JSONB would reorder it, and refuses NUL)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Serialise."""
        return json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Parse what `process_bind_param` wrote."""
        if value is None:
            return None
        return [] if value == "[]" else json.loads(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time to the microsecond: `timestamptz`, or microseconds since 1970 on SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type; SQLite compares and divides integers quickest."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware time into what the database keeps.

        Raises:
            ValueError: `value` has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value.isoformat()} has no time zone")
        return to_microseconds(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give it back aware, in UTC."""
        if value is None:
            return None
        return from_microseconds(value) if dialect.name == "sqlite" else value.astimezone(UTC)
