"""Times as the reader's own clock shows them: in the zone that this browser asked for, else UTC.

For pages alone: what is printed, exported or sent says UTC, and so do addresses.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentaudit_backend.templates.text import duration, moment

USUAL: Final = "UTC"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who is told times: in which zone, and when."""

    name: str = USUAL
    zone: tzinfo = UTC
    now: datetime | None = None


_READER: ContextVar[Reader] = ContextVar("reader", default=Reader())  # noqa: B039  it is frozen


@contextmanager
def read_in(name: str | None, now: datetime) -> Iterator[None]:
    """Tell times in the zone of this name from here on; of one that there is not, in UTC."""
    zone = zone_of(name) if name else None
    reader = Reader(name=name, zone=zone, now=now) if name and zone else Reader(now=now)
    token = _READER.set(reader)
    try:
        yield
    finally:
        _READER.reset(token)


@lru_cache(maxsize=700)
def zone_of(name: str) -> tzinfo | None:
    """The zone with this IANA name, `Europe/Berlin`; None where there is none."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is no zone
        return None


def zone_name() -> str:
    """The reader's zone, as forms send it."""
    return _READER.get().name


def reader_zone() -> tzinfo:
    """The reader's zone."""
    return _READER.get().zone


def zone() -> str:
    """`UTC`, or `UTC+01:00`: what the reader's clock differs by now."""
    return "UTC" + _offset(_now())


def local(at: datetime) -> str:
    """`2026-11-22 21:04:11`; with the offset behind it where that is not the one of now."""
    told = at.astimezone(_READER.get().zone)
    other = _offset(at)
    suffix = "" if other == _offset(_now()) else f" {other or 'UTC'}"
    return f"{told:%Y-%m-%d %H:%M:%S}{suffix}"


def local_minute(at: datetime) -> str:
    """The same to the minute."""
    told = local(at)
    return told[:16] + told[19:]


def clock_field(at: datetime) -> str:
    """As a form's field for date and time holds it."""
    return f"{at.astimezone(_READER.get().zone):%Y-%m-%dT%H:%M:%S}"


def told_fully(at: datetime) -> str:
    """`2026-11-22 20:04:11 UTC, 3 min ago`: what stays the same wherever one reads it."""
    gone = _now() - at
    span = duration(int(abs(gone) / timedelta(milliseconds=1)))
    if abs(gone) >= timedelta(days=2):
        span = f"{abs(gone).days:,} d"
    return f"{moment(at)} UTC, {span} ago" if gone >= timedelta(0) else f"{moment(at)} UTC"


def _now() -> datetime:
    return _READER.get().now or datetime.now(UTC)


def _offset(at: datetime) -> str:
    """`+01:00`; empty where the clock shows UTC."""
    minutes = int((at.astimezone(_READER.get().zone).utcoffset() or timedelta(0)).total_seconds())
    minutes //= 60
    sign = "+" if minutes >= 0 else "-"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else ""
