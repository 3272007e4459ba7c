"""What takes too long is shown over a shorter time, and that is said; nobody waits for ever."""

import re
from datetime import timedelta
from html import unescape

import pytest

from tests.support.builders import a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_timeline import rows_of

NO_TIME, ENOUGH = 0.0, 60.0


@pytest.fixture
def months(empty: Web) -> Web:
    """A call today, one of 3 days ago, one of 20, one of 100."""
    calls = [
        a_tool_call(
            call_id=f"c{days}",
            started_ns=ns(NOW - timedelta(days=days, minutes=5)),
            arguments={"command": f"git log -{days}"},
        )
        for days in (0, 3, 20, 100)
    ]
    empty.record(*calls)
    return empty


def patient(web: Web, *seconds: float) -> Web:
    object.__setattr__(web.site, "patience_s", seconds)
    return web


@pytest.mark.parametrize(
    ("seconds", "told", "rows"),
    [
        ((ENOUGH,), None, 4),
        ((NO_TIME, ENOUGH), "30 days", 3),
        ((NO_TIME, NO_TIME, ENOUGH), "7 days", 2),
        ((NO_TIME, NO_TIME, NO_TIME, ENOUGH), "24 hours", 1),
    ],
)
def test_the_longest_time_that_is_soon_searched_is_shown(
    months: Web, seconds: tuple[float, ...], told: str | None, rows: int
):
    page = patient(months, *seconds).get("/dashboard?range=all&q=git").text

    assert rows == len(rows_of(page))
    assert f'<strong role="status">{rows} event' in page
    assert (told is not None) == ("Search all of it" in page)
    assert told is None or f"takes longer than 0 s. Shown are its last {told}" in page


def test_whoever_waits_is_shown_all_of_it(months: Web):
    page = patient(months, NO_TIME, ENOUGH).get("/dashboard?range=all&q=git").text
    anyway = re.search(r'<a href="([^"]+)"[^>]*>Search all of it', page)
    assert anyway

    whole = months.get(unescape(anyway[1])).text

    assert 4 == len(rows_of(whole))
    assert "Search all of it" not in whole


def test_a_window_of_two_ends_keeps_its_later_one(months: Web):
    patient(months, NO_TIME, NO_TIME, ENOUGH)
    day = (NOW - timedelta(days=15)).strftime("%Y-%m-%dT%H:%MZ")

    page = months.get(f"/dashboard?from=2026-01-01&to={day}&q=git").text

    assert "Shown are its last 7 days" in page
    assert ["git log -20"] == [re.findall(r"git log -\d+", row)[0] for row in rows_of(page)]


@pytest.mark.parametrize("path", ["", "/sessions", "/stats"])
def test_what_takes_too_long_at_any_time_is_said(months: Web, path: str):
    patient(months, NO_TIME, NO_TIME, NO_TIME, NO_TIME)

    answer = months.get(f"/dashboard{path}?range=all&q=git")

    assert 503 == answer.status_code
    assert "This takes too long" in answer.text
    assert "Ask for a shorter time" in answer.text


@pytest.mark.parametrize("path", ["/sessions", "/stats", "/users/alice%40example.com"])
def test_sessions_and_figures_are_of_the_shorter_time_too(months: Web, path: str):
    page = patient(months, NO_TIME, ENOUGH).get(f"/dashboard{path}?range=all&q=git").text

    assert "Shown are its last 30 days" in page
