"""The lists of users, agents and hosts, which add up; and what a host's page says of its hook."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from agentaudit_processor import __version__
from agentaudit_processor.model import ClientVerdict, Decision, EventKind, RiskLevel
from agentaudit_processor.policy import Naming
from tests.support.audit_events import an_event
from tests.support.builders import a_fact, a_tool_call, an_actor
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_agreement import led_to
from tests.unit.backend.pages.test_event import text_of
from tests.unit.backend.pages.test_timeline import rows_of

LISTS = ("users", "agents", "hosts")
QUERIES = ("range=7d", "range=24h", "range=7d&risk=high", "range=all&q=echo")


@pytest.fixture
def team(empty: Web) -> Web:
    """Three users on two hosts, over three days: 36 calls, some risky, some stopped."""
    events = []
    for n in range(36):
        actor = an_actor(user_email=f"user-{n % 3}@example.com", host_name=f"lap-{n % 2}")
        at = ns(NOW - timedelta(hours=2 * n, minutes=7))
        call = a_tool_call(call_id=str(n), actor=actor, started_ns=at, ended_ns=at)
        risk = RiskLevel.HIGH if n % 5 == 0 else RiskLevel.LOW
        decision = Decision.BLOCK if n % 10 == 0 else Decision.ALLOW
        events.append(an_event(call, risk=risk, decision=decision))
    empty.store.write(empty.organization, events)
    return empty


@pytest.mark.parametrize("place", LISTS)
@pytest.mark.parametrize(
    "query", ["range=7d", "range=24h", "range=7d&risk=high", "range=all&q=echo"]
)
def test_the_rows_of_a_list_add_up_and_lead_to_their_events(team: Web, place: str, query: str):
    page = team.get(f"/dashboard/{place}?{query}").text
    whole = led_to(team, f"/dashboard?{query}")

    found = re.findall(r'class="over" href="([^"]+)">([\d,]+)</a>', page)

    assert whole == sum(int(count) for _, count in found)
    assert [int(count) for _, count in found] == [led_to(team, href) for href, _ in found]


def test_a_list_tells_how_risky_and_when_last(team: Web):
    rows = rows_of(team.get("/dashboard/users?range=7d").text)

    assert "user-0@example.com 12 3 2 0 2026-11-22" in rows
    assert 3 == len(rows)


@pytest.mark.parametrize("place", LISTS)
def test_a_list_of_nobody_is_a_page_and_no_404(empty: Web, place: str):
    answer = empty.get(f"/dashboard/{place}?range=all")

    assert 200 == answer.status_code
    assert "How to set up a machine" in answer.text


def test_a_name_is_sought_in_a_list(team: Web):
    assert 1 == len(rows_of(team.get("/dashboard/users?range=7d&find=USER-2").text))
    assert "None with “zoe”" in team.get("/dashboard/users?find=zoe").text


def test_the_statistics_lead_to_the_lists(team: Web):
    page = team.get("/dashboard/stats?range=7d").text

    links = re.findall(r'href="([^"]+)" aria-label="All of', page)

    assert {"/dashboard/users?range=7d", "/dashboard/agents?range=7d"} <= set(links)
    assert {200} == {team.get(unescape(link)).status_code for link in links}


def a_beat(at: datetime) -> object:
    return a_fact(fact_id=str(at), kind=EventKind.HEARTBEAT, name="Heartbeat", at_ns=ns(at))


def test_a_host_tells_of_its_hook_and_whether_it_is_as_new_as_the_server(web: Web):
    current = web.judge.packs.version
    web.record(
        a_beat(NOW - timedelta(minutes=4)),
        a_tool_call(
            call_id="later",
            started_ns=ns(NOW - timedelta(minutes=1)),
            client_verdict=ClientVerdict(
                decision=Decision.ALLOW, policy_version="1", packs_version=current
            ),
        ),
    )

    page = text_of(web.get("/dashboard/hosts/lap-7").text)

    assert "Last heartbeat 4 min ago" in page
    assert "Policy version 1, the server's" in page
    assert "Rule packs the server's" in page
    assert "Changed by somebody no" in page
    assert "Losses that it told of none" in page


def test_a_hook_that_is_behind_changed_or_has_lost_something_is_told(web: Web):
    web.record(
        a_tool_call(
            call_id="later",
            started_ns=ns(NOW - timedelta(minutes=1)),
            client_verdict=ClientVerdict(
                decision=Decision.ALLOW, policy_version="0", packs_version="older"
            ),
        ),
        a_fact(fact_id="d", kind=EventKind.LOGGING_STATE, name="HookDrift", at_ns=ns(NOW)),
        a_fact(fact_id="g", kind=EventKind.GAP, name="RecordsDropped", at_ns=ns(NOW)),
    )

    html = web.get("/dashboard/hosts/lap-7").text
    page = text_of(html)

    assert "Policy version 0 the server has 1" in page
    assert "Rule packs older the server has" in page
    assert "Changed by somebody 2026-11-22 21:30:00" in page
    losses = re.search(r'Losses that it told of</dt><dd><a href="([^"]+)">1</a>', html)
    assert losses
    assert 1 == led_to(web, losses[1])


def test_a_heartbeat_tells_version_backlog_and_clock_of_its_host(empty: Web):
    now = datetime.now(UTC)
    state = {"hook_version": "0.0.9", "waiting": 312}

    def page_of(host: str, at: datetime, data: dict[str, object], **more: object) -> str:
        told = {"actor": an_actor(host_name=host), "data": data} | more
        beat = {"kind": EventKind.HEARTBEAT, "name": "Heartbeat", "fact_id": f"beat {host}"}
        empty.record(
            a_fact(**beat, **told, at_ns=int(at.timestamp() * 10**9)),
            a_tool_call(call_id=host, actor=an_actor(host_name=host)),
        )
        return text_of(empty.get(f"/dashboard/hosts/{host}").text)

    old = page_of("old", now, state)
    ahead = page_of("ahead", now + timedelta(hours=2, seconds=9), {"waiting": 0})
    behind = page_of("behind", now - timedelta(hours=3), {"hook_version": __version__})
    late = page_of("late", now - timedelta(hours=3), {"waiting": "many"}, replayed=True)

    assert f"Hook version 0.0.9 the server has {__version__}" in old
    assert "Waiting to be sent 312 records, at its last heartbeat" in old
    assert "Clock in step with the server's" in old
    assert "Clock off 2 h 00 min ahead of the server's" in ahead
    assert "Waiting to be sent nothing" in ahead
    assert "Clock off 3 h 00 min behind the server's, or its records come late" in behind
    assert f"Hook version {__version__}, the server's" in behind
    assert "Clock not told" in late
    assert "Waiting to be sent not told" in late


def test_a_page_of_a_person_says_that_names_are_digests(web: Web):
    policy = web.store.policy(web.organization)
    before = web.get("/dashboard/users/alice%40example.com").text
    hashed = replace(policy, capture=replace(policy.capture, user=Naming.HASH))
    web.store.save_policy(web.organization, hashed, author="test", note="x")

    after = web.get("/dashboard/users/alice%40example.com").text

    assert "replaced by digests" not in before
    assert "replaced by digests" in after
    assert "replaced by digests" not in web.get("/dashboard/hosts/lap-7").text


def test_a_host_that_never_beat_says_so_and_a_user_has_no_hook(web: Web):
    assert "none was ever heard" in web.get("/dashboard/hosts/lap-7").text
    assert "Last heartbeat" not in web.get("/dashboard/users/alice%40example.com").text
