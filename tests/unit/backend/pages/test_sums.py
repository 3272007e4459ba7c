"""Sums equal lists: under any filter every page, list and export tells of the same Events."""

import itertools
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlencode

import pytest

from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.pipeline import Judge
from tests.support.api import served
from tests.support.seed import fill
from tests.support.web import Web, a_dashboard
from tests.unit.backend.pages.conftest import NOW

FILTERS = 24
SEED = 20261122
CHOICES = {
    "risk": ("low", "medium", "high", "critical"),
    "decision": ("allow", "block", "observe"),
    "action": ("shell_command", "file_read", "file_edit", "session_start"),
    "tool": ("Bash", "Read", "Edit", "nothing"),
    "user": ("alice@example.com", "chiara@example.com", "nobody"),
    "agent": ("claude-code", "codex"),
    "host": ("lap-7", "ws-4"),
    "pii": ("yes", "none"),
    "review": ("new", "reviewed", "follow_up"),
    "kind": ("tool_call", "session", "all"),
    "rule": ("secrets.url_password", "tests.run", "pii.email"),
    "framework": ("gdpr", "soc2"),
    "q": ("git", "risk:>=medium", "-tool:Read", "path:*.py", "-action:session_start", "xyzzy"),
    "range": ("24h", "7d", "30d", "all"),
}


def a_query(dice: random.Random) -> str:
    """A window, and up to three conditions of one or two values each."""
    names = dice.sample([name for name in CHOICES if name != "range"], dice.randint(0, 3))
    pairs = [("range", dice.choice(CHOICES["range"]))]
    for name in names:
        count = 1 if name in ("q", "pii") else dice.randint(1, 2)
        pairs += [(name, value) for value in dice.sample(CHOICES[name], count)]
    return urlencode(pairs)


QUERIES = [a_query(random.Random(SEED + number)) for number in range(FILTERS)]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Web:
    """400 Events of three weeks, 30 of them reviewed."""
    web = a_dashboard(tmp_path_factory.mktemp("sums"), Judge.load(), clock=lambda: NOW)
    fill(web.store, web.organization, web.site.judge, 400, now=NOW)
    web.log_in()
    page = web.get("/dashboard?range=all&kind=tool_call").text
    ids = re.findall(r'name="event" value="([^"]+)"', page)[:30]
    for state, some in (("reviewed", ids[:20]), ("follow_up", ids[20:])):
        form = {"csrf": web.csrf(), "event": some, "state": state}
        assert 303 == web.post("/dashboard/reviews", form).status_code
    ticks = itertools.count(1)
    object.__setattr__(web.site, "clock", lambda: NOW + timedelta(seconds=next(ticks)))
    return web


def number(found: re.Match[str] | None) -> int:
    assert found
    return int(found[1].replace(",", ""))


def figure(page: str, name: str) -> int:
    return number(re.search(rf"{name}</dt><dd>(?:<a[^>]*>)?([\d,]+)", page))


def column(page: str, pattern: str) -> int:
    return sum(int(count.replace(",", "")) for count in re.findall(pattern, page))


OF_ONE_VALUE = ("risk", "decision", "action", "tool", "pii", "user", "agent", "kind")
"""Facets of which each Event has exactly one value."""


def facet_sums(web: Web, where: EventFilter) -> dict[str, int]:
    """Of each facet the sum of the values that are chosen in it, or of all where none is."""
    counted = web.store.facets(web.organization, where, most=None)
    chosen = {
        "risk": {level.label for level in where.risks},
        "decision": set(where.decisions),
        "action": set(where.actions),
        "tool": set(where.tools),
        "user": set(where.users),
        "agent": set(where.agents),
        "pii": set() if where.pii is None else {str(where.pii).lower()},
    }
    return {
        name: sum(
            each.count
            for each in counted[name]
            if not chosen.get(name) or each.value in chosen[name]
        )
        for name in OF_ONE_VALUE
    }


def exported(web: Web, query: str, form: str, **of_list: str) -> int:
    asked = {"csrf": web.csrf(), "state": query, "form": form} | of_list
    answer = web.post("/dashboard/export", asked)
    assert 200 == answer.status_code
    return len(answer.text.splitlines()) - (form == "csv")


@pytest.mark.parametrize("query", QUERIES)
def test_every_page_tells_of_the_same_events(full: Web, query: str):
    timeline = full.get(f"/dashboard?{query}").text
    stats = full.get(f"/dashboard/stats?{query}").text
    total = number(re.search(r'<strong role="status">([\d,]+) event', timeline))

    table = timeline[timeline.index('aria-label="Events over time"') :].partition("</table>")[0]
    told = {
        "stats": figure(stats, "Total events"),
        "histogram": column(table, r'<td class="num">([\d,]+)</td>'),
        "users": column(
            full.get(f"/dashboard/users?{query}").text, r'class="over" href="[^"]+">([\d,]+)</a>'
        ),
        "agents": column(
            full.get(f"/dashboard/agents?{query}").text, r'class="over" href="[^"]+">([\d,]+)</a>'
        ),
        "jsonl": exported(full, query, "jsonl"),
    }

    assert dict.fromkeys(told, total) == told
    sessions = full.get(f"/dashboard/sessions?{query}").text
    assert figure(stats, "Sessions") == number(
        re.search(r'<strong role="status">([\d,]+) session', unescape(sessions))
    )
    assert figure(stats, "Sessions") == exported(full, query, "jsonl", list="sessions")


@pytest.mark.parametrize("query", QUERIES)
def test_facets_watchers_and_alerts_count_the_same_events(full: Web, query: str):
    where = parse(parse_qsl(query)).filter(NOW + timedelta(hours=1))
    store, organization = full.store, full.organization

    total = store.list_events(organization, where, limit=1).total

    told = {
        **facet_sums(full, where),
        "walked": sum(1 for _ in store.walk(organization, where)),
        "arrived": len(store.arrived_after(organization, where, 0).events),
        "alerts": len(store.alerts.times(organization, where, 10_000)),
        "counted": store.count_up_to(organization, where, 10_000),
        "stats": store.stats(organization, where).total,
        "riskiest first": sum(1 for _ in pages_of(full, where)),
    }
    assert dict.fromkeys(told, total) == told


@pytest.mark.parametrize("query", [query for query in QUERIES if "kind=" not in query])
def test_the_report_tells_of_the_events_that_are_listed(full: Web, query: str):
    listed = full.get(f"/dashboard?{query}").text

    report = full.post("/dashboard/stats/report.json", {"csrf": full.csrf(), "state": query})

    total = number(re.search(r'<strong role="status">([\d,]+) event', listed))
    assert total == report.json()["stats"]["total"]


def pages_of(web: Web, where: EventFilter) -> Iterator[str]:
    """Every Event of the list by risk, page by page."""
    cursor = None
    while True:
        found = web.store.list_events(
            web.organization, where, cursor=cursor, limit=50, sort="-risk"
        )
        yield from (row.event_id for row in found.items)
        cursor = found.older
        if cursor is None:
            return


@pytest.mark.parametrize("text", sorted(CHOICES["q"]))
def test_the_api_and_the_page_read_one_language_alike(full: Web, text: str):
    key = full.store.create_key(full.organization, role="auditor", name="api")
    page = full.get(f"/dashboard?{urlencode({'range': 'all', 'kind': 'all', 'q': text})}").text

    with served(full.store) as client:
        answer = client.get(
            "/v1/events", params={"q": text}, headers={"Authorization": f"Bearer {key}"}
        )

    shown = number(re.search(r'<strong role="status">([\d,]+) event', page))
    assert shown == answer.json()["total"]
