"""What a request asks for: its query parameters as conditions."""

from datetime import UTC, datetime

from agentaudit_backend.api.errors import wrong_field
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.query.language import QueryError, read_query

MAX_QUERY = 1000
"""Characters of `q`."""
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def typed(text: str) -> EventFilter:
    """What `q` asks for.

    Raises:
        Problem: 422, it means nothing.
    """
    try:
        asked = read_query(text)
    except QueryError as wrong:
        raise wrong_field("q", str(wrong)) from None
    return EventFilter(terms=asked.terms, words=asked.words, words_excluded=asked.words_excluded)


def aware(at: datetime | None) -> datetime | None:
    """`at` in UTC; without a time zone it is taken for UTC, as ISO 8601 leaves it open."""
    if at is None:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at, _EARLIEST), _LATEST)
