"""The timeline in another order than by time: the riskiest first."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from agentaudit_processor.model import RiskLevel
from tests.support.audit_events import an_event
from tests.support.builders import a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_timeline import rows_of

BY_RISK = "/dashboard?sort=-risk"


@pytest.fixture
def full(empty: Web) -> Web:
    """60 Events, each of another minute, of all levels."""
    events = []
    for n in range(60):
        at = ns(NOW - timedelta(minutes=n + 1))
        call = a_tool_call(call_id=str(n), started_ns=at, ended_ns=at)
        risk = RiskLevel(n * 7 % 4 + 1)
        events.append(an_event(call, risk=risk, summary=f"number-{n}"))
    empty.store.write(empty.organization, events)
    return empty


def numbers(page: str) -> list[int]:
    return [int(n) for n in re.findall(r"number-(\d+)", " ".join(rows_of(page)))]


def test_the_riskiest_come_first_over_all_pages_each_once(full: Web):
    page = full.get(f"{BY_RISK}&limit=25").text
    seen = numbers(page)
    while older := re.search(r'rel="next" href="([^"]+)"', page):
        page = full.get(unescape(older[1])).text
        seen += numbers(page)

    assert sorted(range(60), key=lambda n: (-(n * 7 % 4), n)) == seen


def test_heads_lead_from_one_order_to_the_other_and_say_which_it_is(full: Web):
    by_time = full.get("/dashboard?user=alice%40example.com").text
    to_risk = re.search(r'aria-sort="none"><a href="([^"]+)"[^>]*>Risk</a>', by_time)
    assert to_risk
    by_risk = full.get(unescape(to_risk[1])).text
    to_time = re.search(r'aria-sort="none"><a href="([^"]+)"[^>]*>Time', by_risk)
    assert to_time

    asked = [parse_qs(urlsplit(unescape(each[1])).query) for each in (to_risk, to_time)]

    assert {"user": ["alice@example.com"], "sort": ["-risk"]} == asked[0]
    assert {"user": ["alice@example.com"]} == asked[1]
    assert 'aria-sort="descending">Risk</th>' in by_risk
    assert "the riskiest first" in by_risk


def test_what_comes_is_told_in_the_order_of_time_alone(full: Web):
    assert 'data-live="' in full.get("/dashboard").text
    assert 'data-live="' not in full.get(BY_RISK).text


def test_a_moment_is_gone_to_in_the_order_of_time(full: Web):
    answer = full.get(f"{BY_RISK}&at=2026-11-22T21:00")

    assert "sort" not in parse_qs(urlsplit(answer.headers["location"]).query)
    assert 30 == numbers(full.get(answer.headers["location"]).text)[0]


def test_a_cursor_of_one_order_is_none_of_the_other(full: Web):
    older = re.search(r'rel="next" href="([^"]+)"', full.get(f"{BY_RISK}&limit=25").text)
    assert older
    cursor = parse_qs(urlsplit(unescape(older[1])).query)["cursor"][0]

    assert 422 == full.get(f"/dashboard?cursor={cursor}").status_code


@pytest.mark.parametrize("sort", ["risk", "-user", "'", "-time,-risk"])
def test_another_order_is_refused(full: Web, sort: str):
    assert 422 == full.get(f"/dashboard?sort={sort}").status_code
