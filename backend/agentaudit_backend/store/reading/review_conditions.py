"""What people said of Events -> SQL."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, not_, select

from agentaudit_backend.store.review_tables import Review
from agentaudit_backend.store.tables import Event, table_of
from agentaudit_processor.model import ReviewState
from agentaudit_processor.query.terms import Term

_EVENTS = table_of(Event)
_REVIEWS = table_of(Review)


def review_condition(organization_id: int, states: Sequence[ReviewState]) -> ColumnElement[bool]:
    """The latest word on an Event is one of `states`; of one without any it is `new`."""
    own = _REVIEWS.c.organization_id == organization_id
    latest = select(func.max(_REVIEWS.c.pk)).where(own).group_by(_REVIEWS.c.event_id)
    said = select(_REVIEWS.c.event_id).where(_REVIEWS.c.pk.in_(latest))
    values = [state.value for state in states]
    if ReviewState.NEW in states:  # all but those of which something else was said
        return _EVENTS.c.event_id.not_in(said.where(_REVIEWS.c.state.not_in(values)))
    return _EVENTS.c.event_id.in_(said.where(_REVIEWS.c.state.in_(values)))


def review_term_condition(organization_id: int, term: Term) -> ColumnElement[bool]:
    """The same as somebody typed it."""
    states = [ReviewState(pattern.text) for pattern in term.patterns]
    found = review_condition(organization_id, states)
    return not_(found) if term.negated else found
