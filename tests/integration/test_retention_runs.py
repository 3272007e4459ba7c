"""Retention as it is run: by command, and by the server once a day; each run is an Event."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentaudit_backend.commands import run
from agentaudit_backend.housekeeping import Housekeeping
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.views import EventDetail
from agentaudit_processor.model import AuditEvent, EventKind
from agentaudit_processor.pipeline import Judge
from tests.support.audit_events import an_event
from tests.support.builders import a_tool_call
from tests.support.stores import a_store

Said = pytest.CaptureFixture[str]


def a_call_of(days: int) -> AuditEvent:
    at = datetime.now(UTC) - timedelta(days=days)
    at_ns = int(at.timestamp()) * 1_000_000_000
    return an_event(a_tool_call(call_id=f"{days}", started_ns=at_ns, ended_ns=at_ns))


def runs(store: Store) -> list[EventDetail]:
    where = EventFilter(kinds=(EventKind.RETENTION_PURGE,))
    return list(store.walk(store.default_organization(), where))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory with calls of today, of 100 and of 500 days ago."""
    with a_store(f"sqlite:///{tmp_path}/agentaudit.db") as store:
        calls = [a_call_of(days) for days in (0, 100, 500)]
        store.write(store.default_organization(), calls)
    return tmp_path


def retention(home: Path, *arguments: str) -> int:
    return run(["retention", *arguments, "--data-dir", str(home), "--log-level", "error"])


def test_the_command_removes_what_is_due_and_tells_what(home: Path, capsys: Said):
    code = retention(home)

    said = capsys.readouterr().out
    with a_store(f"sqlite:///{home}/agentaudit.db") as store:
        (record,) = runs(store)
        left = store.count_up_to(store.default_organization(), EventFilter(), 9)
    assert 0 == code
    assert "Removed: 1 contents of events from before" in said
    assert "Removed: 1 events from before" in said
    assert 2 + 1 == left
    told = json.dumps(record.arguments)
    assert '"contents_removed": 1' in told
    assert '"events_removed": 1' in told
    assert record.user_id is not None
    assert record.user_id.startswith("agentaudit retention, ")


def test_a_dry_run_only_tells(home: Path, capsys: Said):
    code = retention(home, "--dry-run")

    said = capsys.readouterr().out
    with a_store(f"sqlite:///{home}/agentaudit.db") as store:
        left = store.count_up_to(store.default_organization(), EventFilter(), 9)
        assert [] == runs(store)
    assert (0, 3) == (code, left)
    assert "Would go: 1 events from before" in said


@pytest.fixture
def looking(store: Store, judge: Judge) -> Callable[[], None]:
    """Lets the server's housekeeping look a few times."""

    def look() -> None:
        looks = threading.Semaphore(0)
        keeping = Housekeeping(store, judge, look_s=0.001)
        one_look = keeping._round

        def counted() -> None:
            one_look()
            looks.release()

        keeping._round = counted  # type: ignore[method-assign]
        keeping.start()
        for _ in range(3):
            assert looks.acquire(timeout=30)
        keeping.stop()

    return look


def test_the_server_does_so_once_a_day(
    store: Store, organization_id: int, looking: Callable[[], None]
):
    store.write(organization_id, [a_call_of(days) for days in (0, 500)])

    looking()

    (record,) = runs(store)
    assert "agentaudit, daily" == record.user_id
    assert store.event(organization_id, a_call_of(500).event_id) is None


def test_an_empty_store_stays_empty(
    store: Store, organization_id: int, looking: Callable[[], None]
):
    looking()

    assert 0 == store.count_up_to(organization_id, EventFilter(), 1)
