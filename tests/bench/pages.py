"""How soon pages and the PDF come over many Events: first byte, p50 and p95, and our CPU, in ms.

Of PostgreSQL's own CPU nothing is counted.

`python -m tests.bench.pages [events [where]]`: 100,000 demonstration Events unless told. `where` is
a folder, or the URL of a PostgreSQL database; it is kept, and a next run uses what it holds.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agentaudit_backend.demo.seeding import seed
from agentaudit_backend.pages.application import dashboard
from agentaudit_backend.pages.site import Site
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.views import SessionRow
from agentaudit_processor.pipeline import Judge
from tests.support.web import Web

ROUNDS = 41
DAYS = 90
LONGEST_S = 10.0
"""A page that takes so long altogether is asked for no more."""
PAGES = (
    ("timeline, 24 hours", "/dashboard", 150),
    ("timeline, 7 days", "/dashboard?range=7d", 150),
    ("timeline, 30 days", "/dashboard?range=30d", 150),
    ("timeline, all time", "/dashboard?range=all", 150),
    ("facet risk critical", "/dashboard?range=all&risk=critical", 200),
    ("facet action web_search", "/dashboard?range=all&action=web_search", 200),
    ("facet decision block", "/dashboard?range=all&decision=block", 200),
    ("facet pii", "/dashboard?range=all&pii=yes", 200),
    ("facet user", "/dashboard?range=all&user=alice%40acme.example.com", 200),
    ("facet agent", "/dashboard?range=all&agent=codex", 200),
    ("facet host", "/dashboard?range=all&host=ws-11", 200),
    ("facet tool", "/dashboard?range=all&tool=Skill", 200),
    ("facet rule", "/dashboard?range=all&rule=pii.email", 200),
    ("facet framework", "/dashboard?range=all&framework=gdpr", 200),
    ("facet session", "/dashboard?range=all&session={session}", 200),
    ("two facets", "/dashboard?range=all&risk=high&decision=block", 200),
    ("words, rare", "/dashboard?range=30d&q=restart+nginx", 300),
    ("words, frequent", "/dashboard?range=30d&q=git", 1000),
    ("words, absent", "/dashboard?range=all&q=xyzzy", 300),
    ("sessions, 24 hours", "/dashboard/sessions", 150),
    ("sessions, all time", "/dashboard/sessions?range=all", 150),
    ("sessions, critical", "/dashboard/sessions?range=all&risk=critical", 200),
    ("stats, 24 hours", "/dashboard/stats", 300),
    ("stats, 30 days", "/dashboard/stats?range=30d", 300),
    ("stats, all time", "/dashboard/stats?range=all", 300),
    ("stats, one user", "/dashboard/stats?range=all&user=alice%40acme.example.com", 300),
    ("one event", "/dashboard/events/{event}", 50),
    ("one event of a list", "/dashboard/events/{event}?ctx=range%3Dall%26risk%3Dhigh", 50),
    ("session, {calls} calls", "/dashboard/sessions/{longest}", 200),
)
"""What, where, and the bar in ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A dashboard, and what its addresses name."""

    web: Web
    names: dict[str, str]


def main(count: str = "100000", where: str | None = None) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as spare:
        filled = _filled(where or spare, int(count))
        web = filled.web
        total = web.store.count_up_to(web.organization, EventFilter(), 10**9)
        print(f"{total:,} events, {ROUNDS} requests each")
        print(f"{'':30}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}{'bar':>9}")
        for name, path, bar in PAGES:
            address = path.format(**filled.names)
            _show(
                name.format(**filled.names),
                bar,
                lambda address=address: web.get(address).status_code,  # type: ignore[misc]
            )
        form = {"csrf": web.csrf("/dashboard/policy"), "state": "range=all"}
        report = "/dashboard/stats/report.pdf"
        _show("PDF, all time", 5000, lambda: web.post(report, form).status_code, 2)
        web.store.close()


def _show(name: str, bar: int, ask: Callable[[], int], rounds: int = ROUNDS) -> None:
    times = []
    spent = time.process_time()
    for _ in range(rounds):
        started = time.perf_counter()
        status = ask()
        times.append((time.perf_counter() - started) * 1000)
        if status != 200:
            raise SystemExit(f"{name}: status {status}")
        if sum(times) > LONGEST_S * 1000:
            break
    cpu = (time.process_time() - spent) / len(times) * 1000
    times.sort()
    p50, p95 = times[len(times) // 2], times[round(0.95 * (len(times) - 1))]
    print(
        f"{name:30}{p50:9,.0f}{p95:9,.0f}{cpu:9,.0f}{bar:9,}{'  over' if p95 > bar else ''}",
        flush=True,
    )


def _filled(where: str, count: int) -> Filled:
    """A dashboard over `count` Events."""
    url = where
    if "://" not in where:
        Path(where).mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{Path(where) / 'agentaudit.db'}"
    store = Store.open(url)
    store.migrate()
    store.first_start()
    organization_id = store.default_organization()
    judge = Judge.load()
    if store.count_up_to(organization_id, EventFilter(), count) < count:
        now = datetime.now(UTC).replace(microsecond=0)
        seed(store, judge, organization_id, events=count, days=DAYS, seed=7, now=now)
    key = store.create_key(organization_id, role="admin", name="bench")
    site = Site(store=store, judge=judge)
    web = Web(app=dashboard(site), store=store, judge=judge, key=key, site=site)
    web.log_in()
    return Filled(web=web, names=_names(store, organization_id))


def _names(store: Store, organization_id: int) -> dict[str, str]:
    event = store.list_events(organization_id, EventFilter(), limit=1).items[0]
    longest = _longest(store, organization_id)
    return {
        "event": event.event_id,
        "session": event.session_id,
        "longest": longest.session_id,
        "calls": f"{longest.calls:,}",
    }


def _longest(store: Store, organization_id: int) -> SessionRow:
    cursor, rows = None, []
    while True:
        page = store.sessions(organization_id, EventFilter(), cursor=cursor, limit=200)
        rows += page.items
        cursor = page.older
        if cursor is None:
            return max(rows, key=lambda row: row.calls)


if __name__ == "__main__":
    main(*sys.argv[1:])
