"""The pages of users, agents and hosts: their figures alone, whatever they are called."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest

from tests.support.builders import a_tool_call, an_actor
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns

HOSTILE = "../<script>alert(1)</script>?a=b&c#d"


def total(page: str) -> str:
    found = re.search(r"Total events</dt><dd>(?:<a[^>]*>)?([\d,]+)", page)
    assert found
    return found[1]


def record(web: Web, call_id: str, **actor: str) -> None:
    at = ns(NOW - timedelta(minutes=5))
    call = a_tool_call(call_id=call_id, actor=an_actor(**actor), started_ns=at, ended_ns=at)
    web.record(call)


@pytest.mark.parametrize(
    ("place", "field", "name"),
    [
        ("users", "user_email", "zoe@example.com"),
        ("agents", "agent_name", "codex"),
        ("hosts", "host_name", "lap-99"),
    ],
)
def test_a_page_shows_the_figures_of_one_alone(web: Web, place: str, field: str, name: str):
    record(web, "theirs", **{field: name})

    page = web.get(f"/dashboard/{place}/{quote(name, safe='')}").text

    assert "1" == total(page)
    assert name in page
    assert "Last seen" in page
    assert f"{'codex' if place == 'agents' else 'claude-code'} 2.1.330" in page
    assert (place == "hosts") == (' on <a href="/dashboard/hosts/' not in page)


def test_the_statistics_lead_to_each_page(web: Web):
    page = web.get("/dashboard/stats").text

    links = set(re.findall(r'href="(/dashboard/(?:users|agents|hosts)/[^"]+)"', page))

    assert {"users", "agents", "hosts"} == {link.split("/")[2] for link in links}
    assert {200} == {web.get(unescape(link)).status_code for link in links}


def test_a_name_from_outside_is_text_and_can_be_opened(web: Web):
    record(web, "hostile", host_name=HOSTILE)

    page = web.get(f"/dashboard/hosts/{quote(HOSTILE, safe='')}")

    assert 200 == page.status_code
    assert "<script>alert" not in page.text
    assert "1" == total(page.text)


@pytest.mark.parametrize("name", ["a\nb", "a\r\n", "..", "a/../b", " ", "%2e%2e/x", "日本 ?#"])
@pytest.mark.parametrize("place", ["users", "hosts", "sessions"])
def test_a_name_of_any_characters_has_a_page_to_which_its_list_leads(
    empty: Web, place: str, name: str
):
    actor = an_actor(user_email=name, host_name=name)
    empty.record(a_tool_call(session_id=name, actor=actor, started_ns=ns(NOW) - 10**9))

    page = empty.get(f"/dashboard/{place}").text
    (href,) = re.findall(r'<td class="main"><a href="([^"]+)"', page)

    assert 200 == empty.get(unescape(href)).status_code


def test_nobody_of_that_name_is_told(web: Web):
    answer = web.get("/dashboard/users/nobody%40example.com")

    assert 404 == answer.status_code
    assert "No such user" in answer.text


def test_a_time_without_events_still_tells_when_they_were_last_seen(web: Web):
    record(web, "theirs", host_name="lap-99")

    page = web.get("/dashboard/hosts/lap-99?from=2020-01-01&to=2020-01-02").text

    assert "0" == total(page)
    assert "Last seen" in page
