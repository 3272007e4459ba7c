"""Taking other lists than the timeline's away: sessions, people, alerts, approvals and the rest."""

import csv
import io
import json
import re
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import insert

from agentaudit_backend.pages.export_lists import LISTS
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.store.alert_matching import ALERTS
from agentaudit_backend.store.alerts import LISTED
from agentaudit_backend.store.database import writing
from agentaudit_backend.store.filters import EventFilter
from tests.support.builders import a_tool_call, an_actor
from tests.support.furnished import Furnished, furnish
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns

PAGES = {
    "sessions": "/dashboard/sessions?range=all",
    "users": "/dashboard/users?range=all",
    "agents": "/dashboard/agents?range=all",
    "hosts": "/dashboard/hosts?range=all",
    "alerts": "/dashboard/alerts",
    "approvals": "/dashboard/approvals?state=decided",
    "alert-rules": "/dashboard/alerts/rules",
    "keys": "/dashboard/admin/keys",
    "people": "/dashboard/admin/people",
}
MENU = re.compile(r'name="state" value="([^"]*)"><input type="hidden" name="list" value="([^"]+)"')


@pytest.fixture
def furnished(empty: Web) -> Furnished:
    return furnish(empty.store, empty.judge, now=NOW - timedelta(minutes=10))


def take(web: Web, name: str, state: str = "", form: str = "csv") -> Any:
    return web.post(
        "/dashboard/export", {"csrf": web.csrf(), "list": name, "state": state, "form": form}
    )


def rows_of(web: Web, name: str, state: str = "") -> list[dict[str, str]]:
    text = take(web, name, state).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_list_has_its_page_here() -> None:
    assert set(LISTS) == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_offers_its_own_rows_in_both_forms(
    empty: Web, furnished: Furnished, name: str
) -> None:
    (offered,) = MENU.findall(empty.get(PAGES[name]).text)

    table = rows_of(empty, name, offered[0].replace("&amp;", "&"))
    lines = take(empty, name, offered[0].replace("&amp;", "&"), "jsonl").text.splitlines()

    assert name == offered[1]
    assert len(table) == len(lines) > 0
    for row, line in zip(table, lines, strict=True):
        record = json.loads(line)
        assert {"format", *row} == set(record)
        assert record["format"].startswith("agentaudit.")


@pytest.mark.parametrize("name", PAGES)
def test_who_may_read_may_take_and_nobody_else(empty: Web, furnished: Furnished, name: str) -> None:
    admin = take(empty, name)
    empty.log_in(furnished.keys["auditor"])
    auditor = take(empty, name)
    empty.cookies.clear()

    nobody = empty.post("/dashboard/export", {"list": name, "form": "csv"})

    assert (200, 200, 303) == (admin.status_code, auditor.status_code, nobody.status_code)
    assert admin.headers["content-disposition"].startswith(
        f'attachment; filename="agentaudit-{name}-AE-'
    )


@pytest.mark.parametrize("name", PAGES)
def test_no_cell_of_any_list_is_a_formula(empty: Web, name: str) -> None:
    furnish(empty.store, empty.judge, "=1+1", now=NOW - timedelta(minutes=10))

    rows = rows_of(empty, name, PAGES[name].partition("?")[2])

    cells = [cell for row in rows for cell in row.values()]
    assert [] == [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert any("=1+1" in cell for cell in cells)


def test_sessions_are_those_of_the_pages_filter_in_its_order(web: Web) -> None:
    web.record(
        *(
            a_tool_call(
                "Read",
                session_id=f"later-{n}",
                call_id=f"l{n}",
                arguments={"file_path": "a.py"},
                started_ns=ns(NOW - timedelta(minutes=30 - n)),
                ended_ns=ns(NOW - timedelta(minutes=30 - n)),
            )
            for n in range(3)
        )
    )

    everything = rows_of(web, "sessions", "range=24h")
    risky = rows_of(web, "sessions", "range=24h&q=risk:>=high")

    found = web.store.sessions(web.organization, _filter("range=24h")).items
    assert [each.session_id for each in found] == [row["session_id"] for row in everything]
    assert ["later-2", "later-1", "later-0"] == [row["session_id"] for row in everything][:3]
    (one,) = risky
    assert ("3", "360.06") == (one["calls"], one["lasted_s"][:6])


def test_users_are_those_whose_name_was_looked_for(web: Web) -> None:
    for name in ("bob@example.com", "carol@example.com"):
        web.record(
            a_tool_call(
                call_id=name, actor=an_actor(user_email=name), started_ns=ns(NOW), ended_ns=ns(NOW)
            )
        )

    rows = rows_of(web, "users", "range=all&find=BOB")

    assert [("bob@example.com", "1")] == [(row["user"], row["events"]) for row in rows]


def test_alerts_and_approvals_are_those_of_the_chosen_state(
    empty: Web, furnished: Furnished
) -> None:
    fired = rows_of(empty, "alerts", "state=open")
    alert_id = furnished.parameters["alert_id"]
    empty.post(f"/dashboard/alerts/{alert_id}/acknowledge", {"csrf": empty.csrf(), "note": "mine"})

    open_now = rows_of(empty, "alerts", "state=open")
    all_ever = rows_of(empty, "alerts", "state=all")
    states = {
        state: {row["state"] for row in rows_of(empty, "approvals", f"state={state}")}
        for state in ("pending", "decided")
    }

    assert len(fired) == len(all_ever) == len(open_now) + 1
    assert "mine" in {row["note"] for row in all_ever}
    assert {"pending"} == states["pending"]
    assert states["decided"]
    assert not states["pending"] & states["decided"]


def test_more_than_a_page_holds_is_taken_and_can_be_leafed_through(empty: Web) -> None:
    shown = 2 * LISTED + 50
    with writing(empty.store.alerts._engine) as connection:
        connection.execute(
            insert(ALERTS),
            [
                {
                    "alert_id": f"alert-{n:03}",
                    "organization_id": empty.organization,
                    "rule_id": "r",
                    "rule_name": f"Rule {n:03}",
                    "query": "",
                    "fired_at": NOW - timedelta(minutes=n // 3),
                    "events": 1,
                    "risk": 3,
                    "note": "",
                }
                for n in range(shown)
            ],
        )

    rows = rows_of(empty, "alerts", "state=open")

    seen: list[str] = []
    path = "/dashboard/alerts?state=open"
    while path:
        page = empty.get(path).text
        seen += re.findall(r"Rule \d{3}", page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert shown == len(rows) == len(set(seen))
    assert [row["rule"] for row in rows] == seen


def test_that_a_list_was_taken_is_recorded_with_the_hash(web: Web) -> None:
    answer = take(web, "users", "range=24h&q=risk:high")

    fields = {"csrf": web.csrf(), "state": "kind=export&to=2026-11-22T21:31", "form": "jsonl"}
    record = web.post("/dashboard/export", fields).json()
    assert "csv of 1 users" == record["arguments"]["export"]
    assert "query “risk:high”" == record["arguments"]["scope"]
    assert sha256(answer.content).hexdigest() == record["arguments"]["sha256"]


def test_a_key_is_told_by_its_prefix_alone(empty: Web, furnished: Furnished) -> None:
    text = take(empty, "keys", "", "jsonl").text

    assert empty.key[:12] in text
    assert not [key for key in (empty.key, *furnished.keys.values()) if key in text]


@pytest.mark.parametrize(
    ("name", "state"), [("", ""), ("passwords", ""), ("sessions", "risk=huge"), ("hosts", "q=a:")]
)
def test_a_list_that_is_none_is_told(web: Web, name: str, state: str) -> None:
    assert 422 == take(web, name, state).status_code


def _filter(state: str) -> EventFilter:
    return parse(parse_qsl(state)).filter(NOW)
