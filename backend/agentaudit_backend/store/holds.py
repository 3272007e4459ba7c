"""Legal holds as filters: the Events that no retention removes."""

from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.policy import Retention
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.query.language import QueryError, read_query


def held(retention: Retention) -> tuple[EventFilter, ...]:
    """One filter for each hold; an Event that any of them holds stays.

    Raises:
        PolicyError: a hold's query means nothing; asked for when a Policy is saved.
    """
    filters = []
    for at, hold in enumerate(retention.holds):
        try:
            asked = read_query(hold.query)
        except QueryError as wrong:
            raise PolicyError(f"retention.holds[{at}].query", str(wrong)) from None
        filters.append(
            EventFilter(terms=asked.terms, words=asked.words, words_excluded=asked.words_excluded)
        )
    return tuple(filters)
