"""Times in the reader's own zone: shown so, asked for so, and UTC in every address."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from agentaudit_backend.pages.periods import periods
from agentaudit_backend.templates import zones
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call
from tests.support.web import Web, a_dashboard
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_event import text_of
from tests.unit.backend.pages.test_timeline import rows_of

WINTER = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


def choose(web: Web, zone: str) -> int:
    return web.post("/dashboard/preferences", {"zone": zone, "next": "/dashboard"}).status_code


@pytest.mark.parametrize(
    ("zone", "at", "told"),
    [
        ("UTC", "2026-11-22T20:04:11Z", "2026-11-22 20:04:11"),
        ("Europe/Berlin", "2026-11-22T20:04:11Z", "2026-11-22 21:04:11"),
        ("Europe/Berlin", "2026-11-22T23:30:00Z", "2026-11-23 00:30:00"),
        ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25 02:30:00 +02:00"),
        ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25 02:30:00"),
        ("Asia/Kolkata", "2026-11-22T20:04:11Z", "2026-11-23 01:34:11"),
        ("America/Port-au-Prince", "2026-11-22T02:00:00Z", "2026-11-21 21:00:00"),
        ("Europe/London", "2026-07-01T12:00:00Z", "2026-07-01 13:00:00 +01:00"),
        ("Europe/Nowhere", "2026-11-22T20:04:11Z", "2026-11-22 20:04:11"),
    ],
)
def test_a_time_is_told_in_a_zone_and_says_where_its_offset_is_another(
    zone: str, at: str, told: str
):
    with zones.read_in(zone, WINTER):
        assert told == zones.local(datetime.fromisoformat(at))


def test_a_summer_reader_sees_that_a_winter_time_is_utc():
    with zones.read_in("Europe/London", datetime(2026, 7, 1, tzinfo=UTC)):
        assert "2026-01-01 12:00:00 UTC" == zones.local(datetime(2026, 1, 1, 12, tzinfo=UTC))
        assert "UTC+01:00" == zones.zone()


@pytest.mark.parametrize(
    "name",
    ["", "../etc/passwd", "/etc/passwd", "Europe", "a" * 99, "Europe/Berlin\n", "é", "a/b/c/d"],
)
def test_what_is_no_zone_is_none(name: str):
    assert zones.zone_of(name) is None


def test_how_long_ago_it_was_is_told_beside_utc():
    with zones.read_in("Asia/Tokyo", WINTER):
        told = [
            zones.told_fully(WINTER - gone)
            for gone in (timedelta(minutes=3), timedelta(days=9, hours=1), -timedelta(hours=1))
        ]

    assert [
        "2026-11-22 21:27:00 UTC, 3 min ago",
        "2026-11-13 20:30:00 UTC, 9 d ago",
        "2026-11-22 22:30:00 UTC",
    ] == told


def test_every_page_tells_times_in_the_zone_that_was_chosen(web: Web):
    before = web.get("/dashboard").text
    assert 303 == choose(web, "America/Port-au-Prince")

    page = web.get("/dashboard").text
    event = re.search(r'"(/dashboard/events/[0-9a-f-]{36})', page)
    assert event
    pages = [web.get(path).text for path in (event[1], "/dashboard/sessions/session-1")]

    assert 'title="2026-11-22 20:30:12 UTC, 59 min ago">11-22 20:30:12</time>' in before
    assert "Time (UTC)" in before
    assert 'datetime="2026-11-22T20:30:12.000Z" title="2026-11-22 20:30:12 UTC' in page
    assert ">11-22 15:30:12</time>" in page
    assert "Time (UTC-05:00)" in page
    for each in (page, *pages):
        assert "Times are UTC-05:00 (America/Port-au-Prince)" in each
        assert not re.search(r"\(UTC\)| UTC[<.,]", text_of(each))


def test_a_zone_that_there_is_not_is_refused_and_the_one_before_stays(web: Web):
    choose(web, "Europe/Berlin")

    assert 422 == choose(web, "Europe/Nowhere")
    assert "UTC+01:00" in web.get("/dashboard").text


def test_utc_again_is_the_usual(web: Web):
    choose(web, "Europe/Berlin")
    choose(web, "UTC")

    assert "Times are UTC<" in web.get("/dashboard").text
    assert "zone" not in str(web.cookies.get("agentaudit_preferences"))


def test_the_form_asks_in_the_readers_zone_and_every_link_is_utc(web: Web):
    choose(web, "Europe/Berlin")
    page = web.get("/dashboard?from=2026-11-22T20:30:10Z&to=2026-11-22T20:30:40Z").text
    fields = dict(re.findall(r'id="(from|to)"[^>]* value="([^"]*)"', page))
    fields |= dict(re.findall(r'name="(zone)" value="([^"]*)">', page))

    answer = web.get(f"/dashboard?from={fields['from']}&to={fields['to']}&zone={fields['zone']}")

    assert "2026-11-22T21:30:10" == fields["from"]
    assert "Europe/Berlin" == fields["zone"]
    assert len(rows_of(page)) == len(rows_of(answer.text)) == 2
    links = re.findall(r'href="(/dashboard\?[^"]+)"', unescape(answer.text))
    asked = [parse_qs(urlsplit(link).query) for link in links]
    assert {"2026-11-22T20:30:10Z"} == {one["from"][0] for one in asked if "user" in one}
    assert not any("zone" in one for one in asked)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("2026-03-29T02:30", "2026-03-29T01:30:00Z"),  # skipped: clocks went from 2 to 3
        ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),  # came twice: the first
        ("2026-10-25T03:00", "2026-10-25T02:00:00Z"),
        ("2026-06-01T00:00Z", "2026-06-01T00:00:00Z"),
    ],
)
def test_days_on_which_clocks_change_have_their_hours(web: Web, asked: str, found: str):
    page = web.get(f"/dashboard?from={asked}&zone=Europe/Berlin").text

    frozen = re.search(r'data-frozen="([^"]+)"', page)
    assert frozen
    assert [found] == parse_qs(urlsplit(unescape(frozen[1])).query)["from"]


def test_a_range_over_midnight_holds_both_days(empty: Web):
    for hour in (22, 23):
        at = datetime(2026, 11, 21, hour, 30, tzinfo=UTC)
        empty.record(a_tool_call(call_id=str(hour), started_ns=ns(at), ended_ns=ns(at)))
    choose(empty, "Europe/Berlin")

    page = empty.get("/dashboard?from=2026-11-21T23:00&to=2026-11-22T01:00&zone=Europe/Berlin")

    assert 2 == len(rows_of(page.text))
    assert "2026-11-21 23:00 to 2026-11-22 01:00" in page.text


def test_one_can_go_to_a_moment_of_ones_own_clock(web: Web):
    answer = web.get("/dashboard?at=2026-11-22T21:30:20&zone=Europe/Berlin")
    same = web.get("/dashboard?at=2026-11-22T20:30:20")

    assert same.headers["location"] == answer.headers["location"]


@pytest.mark.parametrize("zone", ["no", "..", "Europe", "%00"])
def test_an_address_with_a_zone_that_is_none_is_422(web: Web, zone: str):
    assert 422 == web.get(f"/dashboard?from=2026-11-22&zone={zone}").status_code


@pytest.fixture
def visitor(tmp_path: Path, judge: Judge) -> Iterator[Web]:
    """Somebody who has not logged in yet."""
    web = a_dashboard(tmp_path, judge, clock=lambda: NOW)
    yield web
    web.store.close()


def test_the_log_in_takes_over_what_the_browser_shows_unless_one_has_chosen(visitor: Web):
    told = {"key": visitor.key, "zone": "Asia/Tokyo"}
    visitor.post("/dashboard/login", told)
    first = visitor.get("/dashboard/stats").text
    visitor.post("/dashboard/login", told | {"zone": "Europe/Berlin"})
    second = visitor.get("/dashboard/stats").text

    assert "Times are UTC+09:00 (Asia/Tokyo)" in first
    assert "Times are UTC+09:00 (Asia/Tokyo)" in second


def test_a_log_in_without_script_or_with_nonsense_is_utc(visitor: Web):
    for zone in ("", "x\r\ny", "<b>"):
        answer = visitor.post("/dashboard/login", {"key": visitor.key, "zone": zone})

        assert 303 == answer.status_code
        assert "Times are UTC<" in visitor.get("/dashboard/stats").text


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (
            "UTC",
            {
                "2026-10": ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
                "2026-09": ("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"),
                "2026 Q3": ("2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z"),
            },
        ),
        (
            "Europe/Berlin",
            {
                "2026-10": ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
                "2026-09": ("2026-08-31T22:00:00Z", "2026-09-30T22:00:00Z"),
                "2026 Q3": ("2026-06-30T22:00:00Z", "2026-09-30T22:00:00Z"),
            },
        ),
    ],
)
def test_whole_months_and_the_last_quarter_are_a_click_away(
    web: Web, zone: str, expected: dict[str, tuple[str, str]]
):
    choose(web, zone)
    page = web.get("/dashboard/stats").text

    links = re.findall(r'href="([^"]+)">(\d{4}[- ][Q\d]+)</a>', page)
    spans = {name: parse_qs(urlsplit(unescape(href)).query) for href, name in links}

    assert expected == {name: (span["from"][0], span["to"][0]) for name, span in spans.items()}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2027, 1, 1, tzinfo=UTC), ["2026-12", "2026-11", "2026 Q4"]),
        (datetime(2027, 2, 28, tzinfo=UTC), ["2027-01", "2026-12", "2026 Q4"]),
        (datetime(2027, 4, 1, tzinfo=UTC), ["2027-03", "2027-02", "2027 Q1"]),
    ],
)
def test_the_months_before_new_year_are_those_of_the_old_one(now: datetime, expected: list[str]):
    named = [name for name, _begin, _end in periods(now)]

    assert expected == named


def test_zooming_out_triples_the_window_and_ends_now(web: Web):
    page = web.get("/dashboard?from=2026-11-22T18:00:00Z&to=2026-11-22T19:00:00Z").text
    wider = re.search(r'href="([^"]+)">zoom out', page)
    assert wider
    again = re.search(r'href="([^"]+)">zoom out', web.get(unescape(wider[1])).text)
    assert again
    last = re.search(r'href="([^"]+)">zoom out', web.get(unescape(again[1])).text)
    assert last

    spans = [parse_qs(urlsplit(unescape(each[1])).query) for each in (wider, again, last)]

    assert [
        ("2026-11-22T17:00:00Z", "2026-11-22T20:00:00Z"),
        ("2026-11-22T14:00:00Z", "2026-11-22T21:30:00Z"),
        ("2026-11-22T06:30:00Z", "2026-11-22T21:30:00Z"),
    ] == [(span["from"][0], span["to"][0]) for span in spans]
    assert "zoom out" not in web.get("/dashboard?range=all").text
