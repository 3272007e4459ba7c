"""How soon pages and the PDF come over many Events: first byte, p50 and p95, in ms.

`python -m tests.bench.pages [events [folder]]`: 100,000 Events unless told. A folder that is given
is kept, and a next run uses what it holds.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from agentaudit_backend.pages.application import dashboard
from agentaudit_backend.pages.site import Site
from agentaudit_backend.store.database import writing
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.tables import Event, table_of
from agentaudit_processor.pipeline import Judge
from tests.support.seed import fill
from tests.support.web import Web

BASE = 20_000
"""Events through the real judge and store; all others are copies that the database makes."""
ROUNDS = 11
_STEP_MICROSECONDS = (97 * 60 + 37) * 1_000_000
_HOUR = 3_600_000_000
_SORT = "kind, action, risk, decision, user_label, agent, has_pii"
_TIMES = ("at", "ended_at", "started_at", "last_at")
_COPIED = {"event": "pk", "finding": "pk", "event_control": "event_pk", "session": "pk"}
PAGES = {
    "timeline, 24 hours": "/dashboard",
    "timeline, 30 days": "/dashboard?range=30d",
    "timeline, all time": "/dashboard?range=all",
    "timeline, high and blocked": "/dashboard?range=all&risk=high&decision=block",
    "timeline, one user": "/dashboard?range=all&user=alice%40example.com",
    "timeline, one session": "/dashboard?range=all&session={session}",
    "timeline, rare words": "/dashboard?range=30d&q=restart+nginx",
    "timeline, absent word": "/dashboard?range=all&q=xyzzy",
    "sessions, 24 hours": "/dashboard/sessions",
    "sessions, all time": "/dashboard/sessions?range=all",
    "sessions, critical": "/dashboard/sessions?range=all&risk=critical",
    "stats, 24 hours": "/dashboard/stats",
    "stats, 30 days": "/dashboard/stats?range=30d",
    "stats, all time": "/dashboard/stats?range=all",
    "stats, one user": "/dashboard/stats?range=all&user=alice%40example.com",
    "one event": "/dashboard/events/{event}",
    "one session": "/dashboard/sessions/{session}",
}


def main(count: str = "100000", folder: str | None = None) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as spare:
        web = _filled(Path(folder or spare), int(count))
        row = web.store.list_events(web.organization, EventFilter(), limit=1).items[0]
        print(f"{_events(web.store):,} events in SQLite, {ROUNDS} requests each")
        print(f"{'':30}{'p50 ms':>9}{'p95 ms':>9}")
        for name, path in PAGES.items():
            address = path.format(event=row.event_id, session=row.session_id)
            _show(name, lambda address=address: web.get(address).status_code)  # type: ignore[misc]
        form = {"csrf": web.csrf("/dashboard/policy"), "state": "range=all"}
        _show("PDF, all time", lambda: web.post("/dashboard/stats/report.pdf", form).status_code, 2)
        web.store.close()


def _show(name: str, ask: Callable[[], int], rounds: int = ROUNDS) -> None:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        status = ask()
        times.append((time.perf_counter() - started) * 1000)
        if status != 200:
            raise SystemExit(f"{name}: status {status}")
        if sum(times) > 10_000:
            break
    times.sort()
    p50, p95 = times[len(times) // 2], times[round(0.95 * (len(times) - 1))]
    print(f"{name:30}{p50:9,.0f}{p95:9,.0f}", flush=True)


def _filled(folder: Path, count: int) -> Web:
    """A dashboard over `count` Events, in whole copies of the base."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Store.open(f"sqlite:///{folder / 'agentaudit.db'}")
    store.migrate()
    store.first_start()
    organization_id = store.default_organization()
    judge = Judge.load()
    if _events(store) < count:
        fill(store, organization_id, judge, BASE, now=datetime.now(UTC))
        with writing(store._engine) as connection:
            _multiply(connection, -(-count // BASE) - 1)
    key = store.create_key(organization_id, role="admin", name="bench")
    site = Site(store=store, judge=judge)
    web = Web(app=dashboard(site), store=store, judge=judge, key=key, site=site)
    web.log_in()
    return web


def _events(store: Store) -> int:
    with writing(store._engine) as connection:
        return int(connection.execute(select(func.max(table_of(Event).c.pk))).scalar() or 0)


def _multiply(connection: Connection, copies: int) -> None:
    """Add copies of everything that lists and figures read, each of Sessions of its own.

    Texts and leaves are not copied: no list reads them.
    """
    tops = {table: _top(connection, table, pk) for table, pk in _COPIED.items()}
    for number in range(1, copies + 1):
        for table, pk in _COPIED.items():
            changed = {
                **dict.fromkeys(_TIMES, f"- {number * _STEP_MICROSECONDS}"),
                **dict.fromkeys(("event_id", "session_id"), f"|| '/{number}'"),
                "event_pk": f"+ {number * tops['event']}",
                "pk": f"+ {number * tops[table]}",
            }
            columns = SQLModel.metadata.tables[table].columns.keys()
            values = ", ".join(f'"{name}" {changed.get(name, "")}' for name in columns)
            connection.exec_driver_sql(
                f'INSERT INTO "{table}" SELECT {values} FROM "{table}" WHERE {pk} <= {tops[table]}'
            )
    connection.exec_driver_sql("DELETE FROM rollup_hour")
    connection.exec_driver_sql(
        f"INSERT INTO rollup_hour SELECT organization_id, at - at % {_HOUR}, {_SORT}, count(*) "
        f"FROM event GROUP BY organization_id, at - at % {_HOUR}, {_SORT}"
    )


def _top(connection: Connection, table: str, pk: str) -> int:
    top = connection.exec_driver_sql(f'SELECT max({pk}) FROM "{table}"').scalar()
    return int(top or 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
