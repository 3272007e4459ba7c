"""Columns: chosen, ordered, kept in the browser and in the address."""

import re
from html import unescape

import pytest

from agentaudit_backend.pages.columns import COLUMNS, moved, read_columns
from tests.support.web import Web
from tests.unit.backend.pages.test_timeline import rows_of


def heads(page: str) -> list[str]:
    """The heads of the list's columns."""
    return [
        unescape(re.sub("<[^>]+>", "", head))
        for head in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', list_of(page))
    ]


def list_of(page: str) -> str:
    found = re.search(r'<table class="rows.*?</table>', page, re.DOTALL)
    assert found
    return found[0]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", ()),
        ("time,summary", ("time", "summary")),
        ("summary,time,time", ("summary", "time")),
        ("host,nothing", ("host", "summary")),
        ("nothing", ()),
    ],
)
def test_columns_are_read_each_once_and_lead_to_the_event(text: str, columns: tuple[str, ...]):
    assert columns == read_columns(text)


def test_a_column_moves_one_place_to_the_left():
    assert ("b", "a", "c") == moved(("a", "b", "c"), "b")
    assert ("a", "b", "c") == moved(("a", "b", "c"), "a")
    assert ("a", "b", "c") == moved(("a", "b", "c"), "z")


def test_every_column_has_a_head_and_a_cell_in_every_row(web: Web):
    page = web.get(f"/dashboard?cols={','.join(COLUMNS)}").text

    assert list((COLUMNS | {"time": "Time (UTC)"}).values()) == heads(page)
    cells = [row.count("<td") for row in re.findall(r"<tr.*?</tr>", list_of(page), re.DOTALL)[1:]]
    assert [len(COLUMNS) + 2] * 4 == cells  # and one to choose it, one for its menu


def test_columns_tell_what_rows_keep(web: Web):
    rows = rows_of(web.get("/dashboard?cols=host,repo,latency,rule").text)

    command = next(row for row in rows if "rm -rf" in row)
    assert command.startswith("lap-7 project 60 ms destructive.")


def test_what_somebody_chooses_is_in_the_address_and_kept(web: Web):
    form = {"csrf": web.csrf(), "state": "range=7d", "cols": ["risk", "summary"]}

    answer = web.post("/dashboard/columns", form)

    assert "/dashboard?range=7d&cols=risk%2Csummary" == answer.headers["location"]
    assert ["Risk", "Summary"] == heads(web.get("/dashboard?range=7d").text)
    assert ["Tool", "Summary"] == heads(web.get("/dashboard?range=7d&cols=tool").text)


def test_a_column_is_moved_without_a_script_and_the_panel_stays_open(web: Web):
    form = {"csrf": web.csrf(), "state": "", "cols": ["time", "risk", "summary"], "move": "risk"}

    answer = web.post("/dashboard/columns", form)

    assert answer.headers["location"].startswith("/dashboard?cols=risk%2Ctime%2Csummary&columns")
    page = web.get(answer.headers["location"]).text
    assert 'id="columns" open' in page
    assert ["Risk", "Time (UTC)", "Summary"] == heads(page)


def test_the_usual_columns_come_back_and_other_wishes_stay(web: Web):
    web.post("/dashboard/preferences", {"theme": "dark"})
    web.post("/dashboard/columns", {"csrf": web.csrf(), "state": "", "cols": ["risk"]})

    web.post("/dashboard/columns", {"csrf": web.csrf(), "state": "", "usual": "1"})

    page = web.get("/dashboard").text
    assert 'data-theme="dark"' in page
    assert "User" in heads(page)


def test_a_forged_wish_is_no_column(web: Web):
    web.cookies.set("agentaudit_preferences", "columns:<script>-theme:dark", path="/dashboard")

    page = web.get("/dashboard").text

    assert "<script>-" not in page
    assert "User" in heads(page)
