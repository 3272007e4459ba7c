"""What people say of Events, and the views they keep: added to, filtered by, removed with them."""

from datetime import UTC, datetime

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.parts import parts_of
from agentaudit_backend.store.reviews import Review
from agentaudit_backend.store.saved_views import MOST_OF_ONE, TooMany
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import AuditEvent, EventKind, ReviewState
from agentaudit_processor.policy import LoggingLevel
from agentaudit_processor.query.language import read_query
from tests.support.audit_events import an_event, numbered_call
from tests.support.builders import NOON_NS, a_fact

HOUR_NS = 3_600_000_000_000
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ids_of(store: Store, where: EventFilter) -> list[str]:
    """The listed calls, and that the figures count as many."""
    found = [row.event_id for row in store.list_events(1, where).items]
    assert len(found) == store.stats(1, where).total
    assert len(found) == sum(each.count for each in store.facets(1, where)["risk"])
    return found


def say(store: Store, events: list[AuditEvent], state: ReviewState, note: str = "") -> None:
    reviews = [
        Review(event_id=event.event_id, state=state, note=note, author="key aa_live_x…", at=AT)
        for event in events
    ]
    fact = a_fact(fact_id=f"{state}|{note}", kind=EventKind.REVIEW, session_id="dashboard")
    store.reviews.add(1, reviews, parts_of(1, [an_event(fact)], LoggingLevel.FULL))


@pytest.fixture
def events(store: Store) -> list[AuditEvent]:
    made = [an_event(numbered_call(number)) for number in range(4)]
    store.write(1, made)
    return made


def test_the_latest_word_on_an_event_counts(store: Store, events: list[AuditEvent]) -> None:
    say(store, events[:2], ReviewState.FOLLOW_UP)
    say(store, events[:1], ReviewState.REVIEWED, "asked Alice")
    say(store, events[3:], ReviewState.REVIEWED)
    say(store, events[3:], ReviewState.NEW)

    calls = (EventKind.TOOL_CALL,)
    found = {
        state: ids_of(store, EventFilter(kinds=calls, reviews=(state,))) for state in ReviewState
    }

    assert found == {
        ReviewState.NEW: [events[3].event_id, events[2].event_id],
        ReviewState.REVIEWED: [events[0].event_id],
        ReviewState.FALSE_POSITIVE: [],
        ReviewState.FOLLOW_UP: [events[1].event_id],
        ReviewState.INCIDENT: [],
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("review:reviewed", [0]),
        ("review:new", [3, 2, 1]),
        ("-review:new", [0]),
        ("review:new,reviewed", [3, 2, 1, 0]),
        ("-review:follow_up,reviewed", [3, 2, 1]),
    ],
)
def test_the_query_asks_for_it_too(
    store: Store, events: list[AuditEvent], text: str, wanted: list[int]
) -> None:
    say(store, events[:1], ReviewState.REVIEWED)

    where = EventFilter(kinds=(EventKind.TOOL_CALL,), terms=read_query(text).terms)

    assert [events[number].event_id for number in wanted] == ids_of(store, where)


@pytest.mark.parametrize("kept", [0, 1, 20, 39])
def test_what_nobody_reviewed_is_counted_as_it_is_listed(store: Store, kept: int) -> None:
    made = [
        an_event(numbered_call(number, started_ns=NOON_NS + number * 7 * HOUR_NS))
        for number in range(40)
    ]
    store.write(1, made)
    say(store, [event for number, event in enumerate(made) if number != kept], ReviewState.REVIEWED)
    where = EventFilter(kinds=(EventKind.TOOL_CALL,), reviews=(ReviewState.NEW,), tools=("Bash",))

    (listed,) = store.list_events(1, where, limit=3).items

    wanted = made[kept].event_id
    assert [wanted] == [listed.event_id] == ids_of(store, where)
    bars = store.histogram(1, where).buckets
    assert 1 == len(bars) == sum(bars[0].by_risk.values())
    assert [1] == [row.events for row in store.subjects(1, where, "user")]
    assert [wanted] == [row.event_id for row in store.list_events(1, where, sort="-risk").items]


def test_every_word_is_kept_and_is_an_event_and_the_event_itself_stays_as_it_was(
    store: Store, events: list[AuditEvent]
) -> None:
    before = store.event(1, events[0].event_id)

    say(store, events[:1], ReviewState.FALSE_POSITIVE, "a test address")
    say(store, events[:1], ReviewState.REVIEWED)

    told = store.reviews.history(1, events[0].event_id)
    assert [("reviewed", ""), ("false_positive", "a test address")] == [
        (word.state.value, word.note) for word in told
    ]
    assert {events[0].event_id: told[0]} == store.reviews.latest(1, [e.event_id for e in events])
    assert before == store.event(1, events[0].event_id)
    assert 2 == len(store.list_events(1, EventFilter(kinds=(EventKind.REVIEW,))).items)


def test_another_organisations_words_count_for_nothing(
    store: Store, events: list[AuditEvent]
) -> None:
    say(store, events[:1], ReviewState.REVIEWED)

    assert {} == store.reviews.latest(2, [events[0].event_id])
    assert () == store.reviews.history(2, events[0].event_id)


def test_what_was_said_goes_with_the_event(store: Store) -> None:
    call = numbered_call(1, dialect="demo", session_id="demo-1")
    event = an_event(call)
    store.write(1, [event])
    say(store, [event], ReviewState.REVIEWED)

    store.remove_demo(1)

    assert () == store.reviews.history(1, event.event_id)


def test_a_view_is_ones_own_until_it_is_shared(store: Store) -> None:
    store.saved_views.save(
        1, "alice", "Mine", "range=7d", is_shared=False, is_default=False, now=AT
    )
    store.saved_views.save(1, "alice", "Ours", "risk=high", is_shared=True, is_default=True, now=AT)

    assert ["Mine", "Ours"] == [view.name for view in store.saved_views.list(1, "alice")]
    assert ["Ours"] == [view.name for view in store.saved_views.list(1, "bob")]
    assert [] == list(store.saved_views.list(2, "alice"))
    assert store.saved_views.default(1, "bob") is None


def test_a_view_of_the_same_name_replaces_the_first_and_one_alone_is_the_default(
    store: Store,
) -> None:
    for name, query in (("A", "range=7d"), ("B", "risk=high"), ("A", "range=30d")):
        store.saved_views.save(1, "alice", name, query, is_shared=False, is_default=True, now=AT)

    views = store.saved_views.list(1, "alice")

    assert [("A", "range=30d", True), ("B", "risk=high", False)] == [
        (view.name, view.query, view.is_default) for view in views
    ]
    default = store.saved_views.default(1, "alice")
    assert default
    assert "A" == default.name


def test_nobody_removes_anothers_view_and_nobody_keeps_too_many(store: Store) -> None:
    for number in range(MOST_OF_ONE):
        name = f"view {number}"
        store.saved_views.save(1, "alice", name, "", is_shared=True, is_default=False, now=AT)
    one = store.saved_views.list(1, "bob")[0]

    with pytest.raises(TooMany):
        store.saved_views.save(1, "alice", "more", "", is_shared=True, is_default=False, now=AT)
    assert not store.saved_views.remove(1, "bob", one.view_id)
    assert store.saved_views.remove(1, "alice", one.view_id)


def test_what_the_server_itself_records_is_no_real_session(store: Store) -> None:
    for session in ("agentaudit", "agentaudit-dashboard"):
        fact = a_fact(
            fact_id=session,
            kind=EventKind.CONFIG_CHANGE,
            session_id=session,
        )
        store.write(1, [an_event(fact)])

    assert not store.has_real_sessions(1)
    store.write(1, [an_event(numbered_call(1))])
    assert store.has_real_sessions(1)
