"""Whole months and the last whole quarter, on the reader's clock: what reports are mostly about."""

from collections.abc import Iterator
from datetime import UTC, datetime

from agentaudit_backend.templates.zones import reader_zone


def periods(now: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """The two months before this one and the quarter before this one: name, begin, end (UTC)."""
    here = now.astimezone(reader_zone())
    month = here.year * 12 + here.month - 1
    for last in (month - 1, month - 2):
        yield f"{last // 12}-{last % 12 + 1:02}", _first_of(last), _first_of(last + 1)
    quarter = month - month % 3
    last = quarter - 3
    yield f"{last // 12} Q{last % 12 // 3 + 1}", _first_of(last), _first_of(quarter)


def _first_of(month: int) -> datetime:
    """The midnight that a month begins with; months are counted from the year 0."""
    begin = datetime(month // 12, month % 12 + 1, 1, tzinfo=reader_zone())
    return begin.astimezone(UTC)
