"""Column types that mean the same on SQLite and PostgreSQL.

Agent text is hostile: it holds NUL, which PostgreSQL refuses, and lone surrogates, which no UTF-8
encoder takes. Text columns replace both; JSON columns escape NUL and so keep it.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, DateTime, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_encode_quickly = msgspec.json.Encoder().encode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# SQLite numbers rows by INTEGER PRIMARY KEY only; PostgreSQL needs the wider type.
BigKey = BigInteger().with_variant(Integer, "sqlite")


def is_storable(text: str) -> bool:
    """Tell quickly whether `storable` has nothing to do; False may be a false alarm."""
    return text.isascii() and "\x00" not in text


def storable(text: str) -> str:
    """`text` with NUL shown as U+2400 and lone surrogates as U+FFFD; as a rule itself."""
    if is_storable(text):
        return text
    return _UNSTORABLE.sub(lambda hit: "␀" if hit[0] == "\x00" else "�", text)


def json_text(value: Any) -> str | None:
    """JSON on one line, as `JsonText` keeps it; empty lists, the common case, cost nothing."""
    if value is None:
        return None
    if not value and isinstance(value, list | tuple):
        return "[]"
    try:
        return _encode_quickly(value).decode()
    except UnicodeEncodeError:
        return storable(_encode(value))


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


def to_microseconds(at: datetime) -> int:
    """Microseconds since 1970, exactly (a float would lose the last digit)."""
    return (at - _EPOCH) // _MICROSECOND


def to_nanoseconds(at: datetime) -> int:
    """As `to_microseconds`, in the unit of Activities and OTLP."""
    return to_microseconds(at) * 1000


def from_microseconds(microseconds: int) -> datetime:
    """The inverse of `to_microseconds`."""
    return _EPOCH + timedelta(microseconds=microseconds)


def from_nanoseconds(nanoseconds: int) -> datetime:
    """The time of a span; cut to the microsecond, which both databases keep.

    Times outside the years 1970 to 9999 come from broken clocks and are held to that range.
    """
    limit = 253_402_300_799_999_999
    return from_microseconds(min(max(nanoseconds // 1000, 0), limit))
