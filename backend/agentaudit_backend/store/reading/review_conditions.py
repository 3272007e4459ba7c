"""What people said of Events -> SQL."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import ColumnElement, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.review_tables import Review
from agentaudit_backend.store.tables import Event, table_of
from agentaudit_processor.model import ReviewState
from agentaudit_processor.query.terms import Field

_EVENTS = table_of(Event)
_REVIEWS = table_of(Review)


def asked_states(where: EventFilter) -> frozenset[ReviewState] | None:
    """The states that an Event may be in, chosen and typed alike; None: it may be in any."""
    states = frozenset(where.reviews or ReviewState)
    for term in where.terms:
        if term.field is Field.REVIEW:
            told = {ReviewState(pattern.text) for pattern in term.patterns}
            states = states - told if term.negated else states & told
    return None if states == frozenset(ReviewState) else states


def unreviewed(where: EventFilter) -> EventFilter:
    """The same filter, whatever people said of the Events."""
    terms = tuple(term for term in where.terms if term.field is not Field.REVIEW)
    return replace(where, reviews=(), terms=terms)


def review_condition(organization_id: int, states: Collection[ReviewState]) -> ColumnElement[bool]:
    """The latest word on an Event is one of `states`; of one without any it is `new`."""
    own = _REVIEWS.c.organization_id == organization_id
    latest = select(func.max(_REVIEWS.c.pk)).where(own).group_by(_REVIEWS.c.event_id)
    said = select(_REVIEWS.c.event_id).where(_REVIEWS.c.pk.in_(latest))
    values = sorted(state.value for state in states)
    if ReviewState.NEW in states:  # all but those of which something else was said
        return _EVENTS.c.event_id.not_in(said.where(_REVIEWS.c.state.not_in(values)))
    return _EVENTS.c.event_id.in_(said.where(_REVIEWS.c.state.in_(values)))
