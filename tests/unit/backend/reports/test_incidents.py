"""Events that somebody called an incident: when what was known, and which limits run from then."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.incidents import incidents_of
from agentaudit_backend.reports.pdf import html
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reviews import Review
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import ReviewState
from agentaudit_processor.pipeline import Judge
from tests.support.seed import fill
from tests.support.stores import a_store
from tests.unit.backend.reports.conftest import NOW, report_on

SINCE = NOW - timedelta(days=30)
SEEN, AWARE = NOW - timedelta(hours=9), NOW - timedelta(hours=7)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    with a_store(f"sqlite:///{tmp_path / 'agentaudit.db'}") as store:
        fill(store, store.default_organization(), Judge.load(), 200, now=NOW)
        yield store


def say(store: Store, event_id: str, state: ReviewState, at: datetime, note: str = "") -> None:
    review = Review(event_id=event_id, state=state, note=note, author="lead", at=at)
    store.reviews.add(store.default_organization(), [review], [])


def one_with_pii(store: Store) -> str:
    found = store.list_events(store.default_organization(), EventFilter(since=SINCE, pii=True))
    return found.items[0].event_id


def report(store: Store) -> Report:
    return report_on(store, EventFilter(since=SINCE))


def test_an_incident_tells_when_it_was_seen_and_called_so(small: Store):
    event_id = one_with_pii(small)
    say(small, event_id, ReviewState.FOLLOW_UP, SEEN)
    say(small, event_id, ReviewState.INCIDENT, AWARE, "mail sent <out>")

    (incident,) = report(small).incidents.rows

    assert event_id == incident.row.event_id
    assert (SEEN, AWARE) == (incident.seen_at, incident.aware_at)
    assert incident.recorded_at is not None
    page = html(report(small))
    assert "mail sent &lt;out&gt;" in page
    assert "called an incident" in page


def test_limits_run_from_awareness_under_the_frameworks_that_are_on(small: Store):
    event_id = one_with_pii(small)
    say(small, event_id, ReviewState.INCIDENT, AWARE)
    organization = small.default_organization()
    asked = EventFilter(since=SINCE, until=NOW)

    found = incidents_of(small, small.reviews, organization, asked, ("gdpr", "nis2"))
    none = incidents_of(small, small.reviews, organization, asked, ("soc2",))

    until = {limit.duty: limit.until - AWARE for limit in found.rows[0].limits}
    assert timedelta(hours=72) == until["GDPR Art. 33(1), notification"]
    assert timedelta(hours=24) == until["NIS 2 Art. 23(4)(a), early warning"]
    assert () == none.rows[0].limits


def test_what_is_called_something_else_later_is_no_incident(small: Store):
    event_id = one_with_pii(small)
    say(small, event_id, ReviewState.INCIDENT, SEEN)
    say(small, event_id, ReviewState.FALSE_POSITIVE, AWARE)

    found = report(small)

    assert 0 == found.incidents.total
    assert "Nobody called an event of the period an incident" in html(found)


def test_an_incident_outside_of_the_filter_is_not_told(small: Store):
    say(small, one_with_pii(small), ReviewState.INCIDENT, AWARE)

    found = report_on(small, EventFilter(since=SINCE, users=("nobody",)))

    assert () == found.incidents.rows
