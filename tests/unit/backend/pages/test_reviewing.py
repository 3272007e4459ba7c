"""Reviews: rows of a list or one event are marked, with a note; the record stays as it was."""

import re

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind
from tests.support.web import Web
from tests.unit.backend.pages.test_timeline import rows_of


def ids_of(web: Web, query: str = "range=24h&kind=tool_call") -> list[str]:
    return re.findall(r'name="event" value="([^"]+)"', web.get(f"/dashboard?{query}").text)


def mark(web: Web, events: list[str], state: str, note: str = "") -> None:
    form = {"csrf": web.csrf(), "event": events, "state": state, "note": note, "next": "/dashboard"}
    answer = web.post("/dashboard/reviews", form)
    assert (303, "/dashboard") == (answer.status_code, answer.headers["location"])


def test_chosen_rows_are_marked_and_found_by_it(web: Web):
    ids = ids_of(web)

    mark(web, ids[:2], "false_positive", "the test folder")

    assert ids[:2] == ids_of(web, "review=false_positive")
    assert ids[2:] == ids_of(web, "kind=tool_call&review=new")
    assert ids[2:] == ids_of(web, "kind=tool_call&q=review:new")
    assert "false positive" in rows_of(web.get("/dashboard?review=false_positive").text)[0]


def test_an_event_lists_all_that_was_said_of_it(web: Web):
    one = ids_of(web)[0]
    before = web.store.event(web.organization, one)

    mark(web, [one], "follow_up", "ask <Alice>")
    mark(web, [one], "reviewed")

    page = web.get(f"/dashboard/events/{one}").text
    assert page.index("<b>Reviewed</b>") < page.index("<b>Follow up</b>")
    assert "ask &lt;Alice&gt;" in page
    assert "Open again" in page
    assert before == web.store.event(web.organization, one)


def test_each_word_is_an_event_that_says_who_what_and_of_which(web: Web):
    ids = ids_of(web)[:2]

    mark(web, ids, "reviewed", "looked at both")

    rows = web.store.list_events(web.organization, EventFilter(kinds=(EventKind.REVIEW,))).items
    told = web.store.event(web.organization, rows[0].event_id)
    assert told
    assert {"state": "reviewed", "note": "looked at both", "events": ids} == told.arguments
    assert "(key aa_live_" in told.row.user


def test_an_auditor_may_say_what_came_of_it(web: Web):
    ids = ids_of(web)
    web.log_in(web.store.create_key(web.organization, role="auditor", name="other"))

    mark(web, ids[:1], "reviewed")

    assert ids[:1] == ids_of(web, "review=reviewed")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"state": "reviewed"}, "event"),
        ({"event": ["unknown"], "state": "reviewed"}, "event"),
        ({"event": ["x"] * 201, "state": "reviewed"}, "event"),
        ({"event": ["x"], "state": "wonderful"}, "state"),
    ],
)
def test_what_means_nothing_is_refused_and_leaves_no_event(
    web: Web, form: dict[str, object], field: str
):
    answer = web.post("/dashboard/reviews", {"csrf": web.csrf()} | form)

    assert 422 == answer.status_code
    assert f"“{field}”" in answer.text
    assert (
        () == web.store.list_events(web.organization, EventFilter(kinds=(EventKind.REVIEW,))).items
    )


def test_a_form_without_the_sessions_token_says_nothing_of_any_event(web: Web):
    ids = ids_of(web)

    answer = web.post("/dashboard/reviews", {"csrf": "x", "event": ids, "state": "reviewed"})

    assert 403 == answer.status_code
    assert [] == ids_of(web, "review=reviewed")
