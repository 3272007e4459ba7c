"""The timeline: rows, conditions, pages, and what it says when there is nothing."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest

from agentaudit_backend.store.own_facts import own_fact
from agentaudit_processor.model import EventKind
from tests.support.builders import a_tool_call, an_actor
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns


def rows_of(html: str) -> list[str]:
    """The text of each row, spaces made one."""
    body = re.search(r'<table class="rows.*?<tbody>(.*?)</tbody>', html, re.DOTALL)
    rows = re.findall(r"<tr.*?</tr>", body[1], re.DOTALL) if body else []
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in rows]


def test_rows_are_newest_first_and_say_who_what_and_how_risky(web: Web):
    rows = rows_of(web.get("/dashboard").text)

    assert 4 == len(rows)
    assert rows[0].startswith("11-22 20:36:00 alice@example.com file_edit")
    assert "session_start" in rows[-1]
    assert re.search(r"shell_command (high|critical) none \w+ rm -rf /home/alice/project", rows[1])


def test_a_date_of_another_year_has_its_year(web: Web):
    object.__setattr__(web.site, "clock", lambda: NOW.replace(year=2027))

    rows = rows_of(web.get("/dashboard?range=all").text)

    assert rows[0].startswith("2026-11-22 20:36:00 alice")


def test_while_nothing_was_ever_recorded_the_timeline_leads_to_the_set_up(empty: Web):
    answer = empty.get("/dashboard")

    assert (303, "/dashboard/setup") == (answer.status_code, answer.headers["location"])


def test_what_the_server_says_of_itself_is_no_reason_to_leave_the_set_up(empty: Web):
    purge = EventKind.RETENTION_PURGE
    at_ns = ns(NOW - timedelta(minutes=9))
    empty.record(own_fact(purge, "RetentionPurge", author="agentaudit", at_ns=at_ns, data={}))

    answer = empty.get("/dashboard")
    listed = empty.get("/dashboard?range=7d")

    assert (303, "/dashboard/setup") == (answer.status_code, answer.headers["location"])
    assert 1 == len(rows_of(listed.text))


def test_a_window_without_events_tells_when_the_last_one_was(web: Web):
    page = web.get("/dashboard?range=15m").text

    assert "No event matches" in page
    assert "2026-11-22 20:36:00" in page
    assert "/dashboard?range=all" in page


def test_conditions_that_nothing_meets_can_be_taken_away(web: Web):
    page = web.get("/dashboard?user=nobody&range=all").text

    assert "None at any time" in page
    assert 'aria-label="Remove user nobody"' in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("action=file_read", 1),
        ("action=file_read&action=file_edit", 2),
        ("session=session-1", 4),
        ("session=another", 0),
        ("q=README", 1),
        ("q=tool:Read,Bash+-path:*README*+kind:tool_call", 1),
        ("q=risk:>=high", 1),
        ("decision=block", 0),
        ("kind=tool_call", 3),
        ("pii=yes", 0),
        ("from=2026-11-22T20:30&to=2026-11-22T20:30:12", 1),
        ("from=2026-11-22T20:30&to=2026-11-22T20:30:13", 2),
    ],
)
def test_each_condition_narrows_the_list_and_the_total_alike(web: Web, query: str, count: int):
    page = web.get(f"/dashboard?range=24h&{query}").text

    assert count == len(rows_of(page))
    assert f"{count} event{'' if count == 1 else 's'}</strong>" in page


def test_a_slip_in_the_query_is_told_beside_it_and_the_rest_is_kept(web: Web):
    answer = web.get("/dashboard?range=24h&action=file_read&q=riks:high")

    assert 422 == answer.status_code
    assert 'value="riks:high"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "did you mean “risk”?" in answer.text
    assert 1 == len(rows_of(answer.text))
    assert 422 == web.get("/dashboard?risk=huge&q=riks:high").status_code


@pytest.mark.parametrize(
    "path", ["", "/sessions", "/stats", "/users", "/users/alice%40example.com"]
)
@pytest.mark.parametrize(
    ("slip", "told"),
    [
        ("from=soon&range=7d", "“from” “soon” is no time"),
        ("after=soon&range=7d", "“from” “soon” is no time"),
        ("range=9h", "“range” “9h” is none of"),
        ("from=2026-11-22T10:00Z&to=2026-11-21T10:00Z", "“to” must be later than “from”"),
        ("from=2026-11-22T10:00&zone=Mars", "“zone” “Mars” is no time zone"),
    ],
)
def test_a_slip_in_the_time_is_told_and_the_rest_is_kept(web: Web, path: str, slip: str, told: str):
    answer = web.get(f"/dashboard{path}?{slip}")

    assert 422 == answer.status_code
    assert f"This time is left out: {told}" in unescape(answer.text)
    assert 'aria-invalid="true" aria-describedby="time-wrong"' in answer.text
    assert "alice@example.com" in answer.text


def test_a_slip_in_the_form_of_the_time_leaves_the_window_before(web: Web):
    page = web.get("/dashboard?range=30d&risk=critical").text
    form = re.search(
        r'<form class="pop-panel" method="get" action="/dashboard">(.*?)</form>', page, re.S
    )
    assert form
    kept = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[1])

    answer = web.get(f"/dashboard?{urlencode([*kept, ('from', 'x'), ('to', '')])}")

    assert 422 == answer.status_code
    assert "Shown is: Last 30 days" in answer.text
    assert rows_of(page) == rows_of(answer.text)


def test_bars_of_seconds_have_labels_of_seconds(web: Web):
    page = web.get("/dashboard?from=2026-11-22T20:30:10Z&to=2026-11-22T20:31:00Z").text

    scale = re.search(r'<div class="scale"><span>(.*?)</span><span>(.*?)</span>', page)
    assert scale
    assert ("2026-11-22 20:30:10", "2026-11-22 20:30:35") == (scale[1], scale[2])
    assert "2026-11-22 20:30:10 to 2026-11-22 20:31:00</summary>" in page


def test_the_session_condition_offers_the_complete_trail(web: Web):
    assert 'href="/dashboard/sessions/session-1"' in web.get("/dashboard?session=session-1").text


def test_pages_hold_every_event_once(empty: Web):
    start = NOW - timedelta(minutes=70)
    calls = [
        a_tool_call(
            call_id=f"c{n}",
            arguments={"command": f"echo number-{n}"},
            started_ns=ns(start + timedelta(seconds=30 * n)),
            ended_ns=None,
        )
        for n in range(60)
    ]
    empty.record(*calls)
    first = empty.get("/dashboard?limit=25").text
    seen = re.findall(r"number-(\d+)", " ".join(rows_of(first)))

    page = first
    while older := re.search(r'rel="next" href="([^"]+)"', page):
        page = empty.get(unescape(older[1])).text
        seen += re.findall(r"number-(\d+)", " ".join(rows_of(page)))

    assert [str(n) for n in range(59, -1, -1)] == seen
    newer = re.search(r'rel="prev" href="([^"]+)"', page)
    assert newer
    assert 25 == len(rows_of(empty.get(unescape(newer[1])).text))


@pytest.mark.parametrize(
    ("query", "field"), [("risk_level=huge", "risk"), ("cursor=!", "cursor"), ("limit=3", "limit")]
)
def test_a_bad_value_is_answered_422_with_its_field(web: Web, query: str, field: str):
    answer = web.get(f"/dashboard?{query}")

    assert 422 == answer.status_code
    assert f"“{field}”" in answer.text


def test_htmx_gets_the_results_alone_and_a_reader_the_whole_page(web: Web):
    part = web.get("/dashboard", hx_request="true", hx_request_type="partial").text
    whole = web.get("/dashboard", hx_request="true", hx_request_type="full").text

    assert part.lstrip().startswith('<div id="results"')
    assert "<html" not in part
    assert part.strip() in whole


def test_htmx_is_sent_to_an_error_as_a_whole_page(web: Web):
    answer = web.get("/dashboard?risk=huge", hx_request="true")

    assert "/dashboard?risk=huge" == answer.headers["hx-redirect"]


def test_hostile_text_of_every_cell_is_text(empty: Web):
    attack = "<img src=x onerror=alert(1)>\"' \u202egnp.exe"
    empty.record(
        a_tool_call(
            attack,
            session_id=f"s-{attack}",
            arguments={"command": f"echo {attack}"},
            actor=an_actor(user_email=attack, agent_name=attack, host_name=attack),
            started_ns=ns(NOW) - 10**9,
            ended_ns=None,
        )
    )
    for path in ("/dashboard", "/dashboard/sessions", "/dashboard/stats", "/dashboard/setup"):
        page = empty.get(path).text

        assert "<img" not in page
        assert "\u202e" not in page
        assert "&lt;img" in page
        assert "⟦U+202E⟧" in page


def test_a_bar_of_the_histogram_leads_to_exactly_its_events(web: Web):
    page = web.get("/dashboard").text
    bars = re.findall(
        r'<a href="([^"]+)" tabindex="-1"[^>]*><title>[^:]+:\d\d:\d\d UTC: (\d+)', page
    )

    assert 4 == sum(int(count) for _, count in bars)
    for href, count in bars:
        assert int(count) == len(rows_of(web.get(unescape(href)).text))


def test_facet_counts_are_what_choosing_the_value_gives(web: Web):
    page = web.get("/dashboard").text
    option = (
        r'<a href="(/dashboard\?[^"]+)"[^>]*><span class="box".*?'
        r'<span class="count">([\d,]+)</span>'
    )
    found = re.findall(option, page, re.DOTALL)

    assert len(found) >= 8
    for href, count in found:
        assert int(count) == len(rows_of(web.get(unescape(href)).text)), href


def test_who_read_the_log_is_shown_when_asked_for(web: Web):
    web.get("/dashboard/sessions/session-1")
    web.get("/dashboard/sessions/session-1")

    usual = rows_of(web.get("/dashboard").text)
    looks = rows_of(web.get(f"/dashboard?kind={EventKind.LOG_ACCESS}").text)

    assert 4 == len(usual)
    assert 1 == sum("read=session" in row for row in looks)
    assert "session-1" in looks[0]
