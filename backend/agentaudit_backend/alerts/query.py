"""A rule's query as the filter that a list of the same text has, without bounds in time."""

from agentaudit_backend.store.filters import EventFilter, kinds_meant
from agentaudit_processor.query.language import read_query


def filter_of(query: str) -> EventFilter:
    """What `query` means.

    Raises:
        QueryError: it means nothing.
    """
    typed = read_query(query)
    return EventFilter(
        kinds=kinds_meant(typed.terms),
        terms=typed.terms,
        words=typed.words,
        words_excluded=typed.words_excluded,
    )
