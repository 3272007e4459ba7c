"""Every number leads to exactly the Events that it counts."""

import re
from html import unescape

import pytest

from agentaudit_backend.store.own_facts import policy_change
from agentaudit_processor.model import Decision
from tests.support.audit_events import an_event
from tests.support.builders import a_tool_call, an_actor
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns

SECOND_NS = 1_000_000_000


def led_to(web: Web, href: str) -> int:
    """How many Events or Sessions the page behind a link says it lists."""
    shown = re.search(r"([\d,]+) (?:event|session)s?\b", web.get(unescape(href)).text)
    assert shown
    return int(shown[1].replace(",", ""))


def figure(page: str, name: str) -> tuple[str, int]:
    found = re.search(rf'{name}</dt><dd><a href="([^"]+)">([\d,]+)', page)
    assert found
    return found[1], int(found[2].replace(",", ""))


def test_what_was_blocked_or_denied_is_both(empty: Web):
    decisions = (Decision.BLOCK, Decision.DENIED, Decision.ALLOW)
    calls = [
        an_event(a_tool_call(call_id=str(n), started_ns=ns(NOW) - n * SECOND_NS), decision=decision)
        for n, decision in enumerate(decisions, start=1)
    ]
    empty.store.write(empty.organization, calls)

    href, count = figure(empty.get("/dashboard/stats").text, "Blocked or denied")

    assert 2 == count == led_to(empty, href)


def test_the_servers_own_records_make_no_session(empty: Web):
    policy = empty.store.policy(empty.organization)
    change = policy_change(policy, policy, author="key", note="", at_ns=ns(NOW) - SECOND_NS)
    empty.record(change, a_tool_call(started_ns=ns(NOW) - SECOND_NS))

    href, count = figure(empty.get("/dashboard/stats").text, "Sessions")

    assert 1 == count == led_to(empty, href)


@pytest.mark.parametrize(
    "window", ["range=24h", "range=1h", "from=2026-11-22T20:33:10Z&to=2026-11-22T21:07:10Z"]
)
def test_each_bar_leads_to_the_events_that_it_counts(empty: Web, window: str):
    minutes = range(1, 3000, 7)
    calls = [a_tool_call(call_id=str(n), started_ns=ns(NOW) - n * 60 * SECOND_NS) for n in minutes]
    empty.store.write(empty.organization, [an_event(call) for call in calls])

    page = empty.get(f"/dashboard?{window}").text

    bars = re.findall(r'<a href="([^"]+)" tabindex="-1"><title>[^<]*UTC: (\d+) event', page)
    assert len(bars) >= 4
    assert [int(count) for _, count in bars] == [led_to(empty, href) for href, _ in bars]


def test_a_user_whose_name_has_spaces_around_it_is_found_by_its_own_link(empty: Web):
    at = ns(NOW) - SECOND_NS
    spaced = an_actor(user_email=" alice@example.com ")
    empty.record(a_tool_call(started_ns=at, actor=spaced), a_tool_call(call_id="2", started_ns=at))

    page = empty.get("/dashboard").text

    href = re.search(r'href="(/dashboard\?user=\+alice[^"]+)"', page)
    assert href
    assert 1 == led_to(empty, href[1])


@pytest.mark.parametrize("place", [0, 3, 10, 19])
def test_events_of_one_moment_stand_around_each_other_in_their_order(empty: Web, place: int):
    at = ns(NOW) - SECOND_NS
    ids = empty.record(*[a_tool_call(call_id=str(n), started_ns=at) for n in range(20)])

    page = empty.get(f"/dashboard/events/{ids[place]}").text

    near = re.search(r'class="trail-mini">(.*?)</ol>', page, re.DOTALL)
    assert near
    shown = re.findall(r"/events/([0-9a-f-]+)", near[1])
    assert ids[max(0, place - 5) : place + 6] == shown
