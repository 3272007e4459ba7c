"""Views under a name: built in, one's own, shared; and the one that a timeline begins with."""

import re
from html import unescape

import pytest

from agentaudit_backend.pages.views import BUILT_IN
from tests.support.web import Web


def keep(web: Web, name: str, state: str, **more: str) -> str:
    form = {"csrf": web.csrf(), "name": name, "state": state} | more
    answer = web.post("/dashboard/views", form)
    assert 303 == answer.status_code
    return answer.headers["location"]


def somebody_else(web: Web) -> None:
    web.log_in(web.store.create_key(web.organization, role="auditor", name="other"))


def href_of(page: str, name: str) -> str:
    found = re.search(rf'<a class="grow" href="([^"]+)"[^>]*>{name}</a>', page)
    assert found, name
    return unescape(found[1])


@pytest.mark.parametrize(("name", "state"), BUILT_IN)
def test_each_view_that_is_built_in_opens_and_says_its_name(web: Web, name: str, state: str):
    page = web.get(href_of(web.get("/dashboard").text, name)).text

    assert f" · {name}</span></h1>" in page


def test_a_view_reopens_what_was_seen(web: Web):
    address = keep(web, "Reads", "action=file_read&range=7d&cols=time,tool&cursor=x")

    assert "/dashboard?action=file_read&range=7d&cols=time%2Ctool%2Csummary" == address
    assert address == href_of(web.get("/dashboard").text, "Reads")


def test_a_view_is_seen_by_others_only_when_it_is_shared(web: Web):
    keep(web, "Mine", "risk=high")
    keep(web, "Ours", "risk=critical", shared="on")

    somebody_else(web)
    page = web.get("/dashboard").text

    assert ">Mine</a>" not in page
    assert "/dashboard?risk=critical" == href_of(page, "Ours")
    assert "Remove Ours" not in page
    assert '<span class="note">default</span>' in page


def test_the_timeline_begins_with_the_view_of_its_reader_and_can_be_cleared(web: Web):
    keep(web, "Start", "risk=critical", default="on")

    begin = web.get("/dashboard")
    page = web.get(begin.headers["location"]).text

    assert (303, "/dashboard?risk=critical") == (begin.status_code, begin.headers["location"])
    clear = re.search(r'href="([^"]+)">Clear all', page)
    assert clear
    assert 200 == web.get(unescape(clear[1])).status_code
    somebody_else(web)
    assert 200 == web.get("/dashboard").status_code


def test_a_view_is_removed_by_its_owner_alone(web: Web):
    keep(web, "Ours", "risk=high", shared="on")
    found = re.search(r'name="view" value="(\w+)"', web.get("/dashboard").text)
    assert found
    somebody_else(web)
    web.post("/dashboard/views/remove", {"csrf": web.csrf(), "view": found[1]})
    assert "Ours" in web.get("/dashboard").text

    web.log_in()
    web.post("/dashboard/views/remove", {"csrf": web.csrf(), "view": found[1]})

    assert ">Ours</a>" not in web.get("/dashboard").text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": " ", "state": ""}, "name"),
        ({"name": "x" * 61, "state": ""}, "name"),
        ({"name": "x", "state": "risk=huge"}, "risk"),
        ({"name": "x", "state": "user=" + "x" * 5000}, "state"),
    ],
)
def test_what_cannot_be_kept_is_said(web: Web, form: dict[str, str], field: str):
    answer = web.post("/dashboard/views", {"csrf": web.csrf()} | form)

    assert 422 == answer.status_code
    assert f"“{field}”" in answer.text


def test_a_hostile_name_is_text(web: Web):
    keep(web, "<img src=x onerror=alert(1)>", "risk=high")

    page = web.get("/dashboard").text

    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
