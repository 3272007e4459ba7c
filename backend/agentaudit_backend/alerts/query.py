"""A rule's query as the filter that a list of the same text has, without bounds in time."""

from agentaudit_backend.store.filters import USUAL_KINDS, EventFilter
from agentaudit_processor.query.language import read_query
from agentaudit_processor.query.terms import Field


def filter_of(query: str) -> EventFilter:
    """What `query` means.

    Raises:
        QueryError: it means nothing.
    """
    typed = read_query(query)
    speaks_of_kind = any(term.field is Field.KIND for term in typed.terms)
    return EventFilter(
        kinds=() if speaks_of_kind else USUAL_KINDS,
        terms=typed.terms,
        words=typed.words,
        words_excluded=typed.words_excluded,
    )
