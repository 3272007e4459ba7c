"""What people say of Events: one form for the rows of a list, and for one Event."""

from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import own_path
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.recording import event_of
from agentaudit_backend.store.own_facts import own_fact
from agentaudit_backend.store.parts import parts_of
from agentaudit_backend.store.reviews import Review
from agentaudit_backend.store.values import to_nanoseconds
from agentaudit_processor.model import EventKind, Json, ReviewState

NOTE_LIMIT: Final = 500
MOST: Final = 200
"""Events in one form: as many as a list shows."""


def save(visit: Visit, form: FormData) -> Response:
    """Keep what somebody says of the Events that the form names, then back to where one was.

    Raises:
        BadQuery: no Event was chosen, too many, or the state is none.
    """
    wanted = [str(each) for each in form.getlist("event")]
    if not 1 <= len(wanted) <= MOST:
        raise BadQuery("event", f"choose 1 to {MOST} events")
    try:
        state = ReviewState(str(form.get("state", "")))
    except ValueError:
        raise BadQuery("state", f"expected one of {', '.join(ReviewState)}") from None
    store, organization = visit.site.store, visit.organization_id
    ids = store.known_events(organization, wanted)
    if not ids:
        raise BadQuery("event", "none of them is here any more")
    note = " ".join(str(form.get("note", "")).split())[:NOTE_LIMIT]
    reviews = [
        Review(event_id=each, state=state, note=note, author=visit.person, at=visit.now)
        for each in ids
    ]
    data: dict[str, Json] = {"state": state.value, "note": note, "events": list(ids)}
    fact = own_fact(
        EventKind.REVIEW,
        "EventReviewed",
        author=visit.person,
        at_ns=to_nanoseconds(visit.now),
        data=data,
    )
    policy = store.access.current(organization)
    event = event_of(visit.site.judge, fact, policy)
    store.reviews.add(organization, reviews, parts_of(organization, [event], policy.logging_level))
    return RedirectResponse(own_path(str(form.get("next", ""))), 303)
