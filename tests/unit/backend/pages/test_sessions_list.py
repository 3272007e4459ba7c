"""The list of Sessions: sought by a query, what goes on, where it worked, and none of our own."""

import re
from datetime import timedelta
from html import unescape

import pytest

from agentaudit_backend.recording import record_own
from agentaudit_processor.model import Action, EventKind
from tests.support.builders import a_fact, a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_event import text_of

PATH = "/dashboard/sessions"


def ago(**time: float) -> int:
    return ns(NOW - timedelta(**time))


def listed(web: Web, query: str = "") -> list[str]:
    page = web.get(f"{PATH}?{query}").text
    return re.findall(r'<td class="main"><a href="/dashboard/sessions/([^"]+)"', page)


@pytest.mark.parametrize("query", ["", "range=all", "q=KeyCreated", "kind=config_change"])
def test_what_the_server_records_of_itself_is_no_session(web: Web, query: str):
    record_own(
        web.store,
        web.judge,
        web.organization,
        EventKind.CONFIG_CHANGE,
        "KeyCreated",
        author="alice",
        at_ns=ago(minutes=1),
        data={"name": "k"},
    )

    found = listed(web, query)

    stats = text_of(web.get(f"/dashboard/stats?{query}").text)
    assert "agentaudit" not in found
    assert f" Sessions {len(found)} " in stats


def test_an_agent_that_takes_the_servers_name_is_listed(empty: Web):
    empty.record(a_tool_call(session_id="agentaudit", started_ns=ago(minutes=1)))

    assert ["agentaudit"] == listed(empty)


def test_the_usual_questions_are_a_click_away_in_the_same_time(empty: Web):
    commands = {"quiet": "ls", "grave": "rm -rf /srv", "personal": "pay DE89370400440532013000"}
    for name, command in commands.items():
        call = a_tool_call(session_id=name, arguments={"command": command}, started_ns=ago(days=5))
        empty.record(call)

    page = empty.get(f"{PATH}?range=7d").text
    offered = re.findall(rf'<a href="{PATH}\?([^"]+)">([^<]+)</a>', page.partition("only with")[2])
    found = {words: listed(empty, unescape(query)) for query, words in offered}

    assert {"something blocked": [], "high risk": ["grave"], "personal data": ["personal"]} == found
    assert "only with" not in empty.get(f"{PATH}?range=7d&risk=high").text


def test_sessions_are_sought_by_a_query(empty: Web):
    for name, command in (("s1", "rm -rf /srv"), ("s2", "ls")):
        call = a_tool_call(
            session_id=name, arguments={"command": command}, started_ns=ago(minutes=5)
        )
        empty.record(call)

    assert ["s1"] == listed(empty, "q=risk%3A%3E%3Dhigh")
    assert {"s1", "s2"} == set(listed(empty, "q=tool%3ABash"))


def test_a_slip_in_the_query_is_told_beside_it(web: Web):
    answer = web.get(f"{PATH}?q=riks%3Ahigh&user=alice%40example.com")

    assert 422 == answer.status_code
    assert "unknown field “riks”" in unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert 'value="riks:high"' in answer.text
    assert "1 session" in text_of(answer.text)


def test_the_list_tells_what_goes_on_and_where_it_worked(empty: Web):
    repository = {"vcs.repository.url.full": "https://git.example.com/acme/shop"}
    end = {"kind": EventKind.SESSION, "action": Action.SESSION_END, "name": "SessionEnd"}
    empty.record(
        a_tool_call(session_id="open", started_ns=ago(minutes=3), extra=repository),
        a_tool_call(session_id="ended", started_ns=ago(minutes=3), cwd="/home/alice/other"),
        a_fact(session_id="ended", fact_id="e", at_ns=ago(minutes=2), **end),
        a_tool_call(session_id="silent", started_ns=ago(minutes=31), ended_ns=ago(minutes=31)),
    )

    page = empty.get(PATH).text

    rows = {
        name: text_of(f"<main>{row}</main>")
        for name, row in re.findall(r'/sessions/([^"]+)">(.*?)</tr>', page, re.DOTALL)
    }
    assert {"open"} == {name for name, row in rows.items() if "ongoing" in row}
    assert "shop" in rows["open"]
    assert "other" in rows["ended"]
    assert "11-22 21:28:00" in rows["ended"]


def test_one_that_was_taken_up_again_after_its_end_goes_on(empty: Web):
    end = {"kind": EventKind.SESSION, "action": Action.SESSION_END, "name": "SessionEnd"}
    empty.record(
        a_tool_call(call_id="1", started_ns=ago(minutes=9), ended_ns=ago(minutes=9)),
        a_fact(fact_id="e", at_ns=ago(minutes=8), **end),
        a_tool_call(call_id="2", started_ns=ago(minutes=1), ended_ns=ago(minutes=1)),
    )

    assert "ongoing" in empty.get(PATH).text


def test_a_session_is_taken_away_as_a_file_or_on_paper(web: Web):
    page = web.get(f"{PATH}/session-1").text
    states = re.findall(r'name="state" value="([^"]+)"', page)

    answer = web.post(
        "/dashboard/export", {"csrf": web.csrf(), "state": unescape(states[0]), "form": "jsonl"}
    )

    assert ["session=session-1&amp;range=all"] * 2 == states
    assert '<form method="post" action="/dashboard/stats/report.pdf"' in page
    assert 4 == len(answer.text.splitlines())
