"""What a value is on either database, known without a table: texts, JSON as text, exact times.

Agent text is hostile: it holds NUL, which PostgreSQL refuses, and lone surrogates, which no UTF-8
encoder takes. Texts have both replaced; JSON escapes NUL and so keeps it.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_encode_quickly = msgspec.json.Encoder().encode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
