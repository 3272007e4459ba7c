"""Values to filter by: only, not, and all of them on a page of their own; the menu of a row."""

import re
from html import unescape

import pytest

from tests.support.builders import a_tool_call, an_actor
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_timeline import rows_of

NAMES = ('quote " and \\ in it', "a, b", "*", "plain", "-dash", "user:colon", "x y  z", "Ω")


@pytest.fixture
def crowd(empty: Web) -> Web:
    """Twelve users with four calls each, and eight with names that the query must quote."""
    names = [f"user-{n:02}@example.com" for n in range(12)]
    at = ns(NOW) - 1_000_000_000
    calls = [
        a_tool_call(call_id=f"{name} {n}", started_ns=at, actor=an_actor(user_email=name))
        for name, times in [*((name, 4) for name in names), *((name, 1) for name in NAMES)]
        for n in range(times)
    ]
    empty.record(*calls)
    return empty


def link(page: str, label: str) -> str:
    label = label.replace("&", "&amp;").replace('"', "&#34;")
    found = re.search(rf'href="([^"]+)" aria-label="{re.escape(label)}"', page)
    assert found, label
    return unescape(found[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_value_of_any_spelling_is_ruled_out_by_its_link(crowd: Web, name: str):
    page = crowd.get("/dashboard/facets/user").text

    without = crowd.get(link(page, f"Not {' '.join(name.split())}")).text

    assert "55 events</strong>" in without


def test_ruling_out_a_chosen_value_takes_the_choice_back(web: Web):
    page = web.get("/dashboard?action=file_read&action=file_edit").text

    without = rows_of(web.get(link(page, "Not file_read")).text)

    assert 1 == len(without)
    assert "file_edit" in without[0]


def test_all_values_are_on_a_page_of_their_own_and_can_be_searched(crowd: Web):
    timeline = crowd.get("/dashboard?agent=claude-code").text
    page = crowd.get(link(timeline, "All values of User")).text
    found = crowd.get("/dashboard/facets/user?agent=claude-code&find=USER-0").text

    assert "20 values" in page
    assert 20 == len(re.findall(r'<li class="facet">', page))
    assert "10 values" in found
    assert 'name="agent" value="claude-code"' in found


def test_a_list_that_is_no_facet_is_not_there(web: Web):
    assert 404 == web.get("/dashboard/facets/password").status_code


def test_the_menu_of_a_row_filters_rules_out_and_opens(web: Web):
    page = web.get("/dashboard?kind=tool_call").text
    hrefs = re.findall(r'data-menu href="([^"]+)"', page)

    menu = web.get(unescape(hrefs[1])).text

    assert 3 == len(hrefs)
    assert "/dashboard/users/alice%40example.com" in menu
    assert "/dashboard/sessions/session-1" in menu
    assert 1 == len(rows_of(web.get(link(menu, "Only action shell_command")).text))
    assert 2 == len(rows_of(web.get(link(menu, "Not action shell_command")).text))
    assert re.search(r'aria-label="Only rule destructive\.', menu)


def test_the_menu_is_a_panel_for_a_script_and_404_for_no_event(web: Web):
    href = re.findall(r'data-menu href="([^"]+)"', web.get("/dashboard").text)[0]

    part = web.get(unescape(href), hx_request="true", hx_request_type="partial").text

    assert part.lstrip().startswith('<div class="row-menu')
    assert 404 == web.get("/dashboard/events/none/menu").status_code


@pytest.mark.parametrize(
    ("at", "first"),
    [("2026-11-22T20:35", "rm -rf"), ("2026-11-22T20:30:20Z", "README.md"), ("2027-01-01", "a.py")],
)
def test_the_list_opens_at_a_moment(web: Web, at: str, first: str):
    answer = web.get(f"/dashboard?kind=tool_call&at={at}")
    page = web.get(answer.headers["location"]).text

    assert 303 == answer.status_code
    assert first in rows_of(page)[0]
    assert "3 events</strong>" in page


def test_a_moment_that_is_none_is_said(web: Web):
    answer = web.get("/dashboard?at=soon")

    assert 422 == answer.status_code
    assert "This time is left out: “at” “soon” is no time" in answer.text
    assert 3 <= len(rows_of(answer.text))


def test_windows_lie_side_by_side(web: Web):
    page = web.get("/dashboard?from=2026-11-22T20:30&to=2026-11-22T20:31").text
    earlier = re.search(r'href="([^"]+)" data-earlier', page)
    later = re.search(r'href="([^"]+)" data-later', page)

    assert earlier
    assert later
    assert "from=2026-11-22T20%3A29%3A00Z&to=2026-11-22T20%3A30%3A00Z" in unescape(earlier[1])
    assert "from=2026-11-22T20%3A31%3A00Z&to=2026-11-22T20%3A32%3A00Z" in unescape(later[1])
    assert "data-later" not in web.get("/dashboard").text
