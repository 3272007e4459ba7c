"""The live tail of a running server: what comes is told at once, once, and under the filter."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from agentaudit_backend.store.store import Store
from agentaudit_processor.model import RiskLevel
from tests.support.audit_events import an_event
from tests.support.builders import a_tool_call
from tests.support.server import RunningServer, a_server

WAIT_S = 60.0
HOSTILE = '<img src=x onerror=alert(1)>"\n\ndata: {}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with a_server(tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture
def store(server: RunningServer) -> Iterator[Store]:
    """The server's own database, as another process of it would write."""
    opened = Store.open(server.database_url)
    yield opened
    opened.close()


def record(store: Store, call_id: str, summary: str, risk: RiskLevel = RiskLevel.LOW) -> None:
    now = time.time_ns()
    call = a_tool_call(call_id=call_id, started_ns=now, ended_ns=now)
    event = an_event(call, summary=summary, risk=risk)
    store.write(store.default_organization(), [event])


@contextmanager
def a_browser(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=WAIT_S) as client:
        client.post("/dashboard/login", data={"key": server.api_key})
        yield client


@contextmanager
def a_tail(server: RunningServer, query: str = "", **headers: str) -> Iterator[Iterator[Any]]:
    """Messages as they come: the id, and what it tells (None for the greeting)."""
    with (
        a_browser(server) as client,
        client.stream("GET", f"/dashboard/stream?{query}", headers=headers) as answer,
    ):
        assert 200 == answer.status_code
        yield _messages(answer)


def _messages(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "id" in fields:
            yield fields["id"], json.loads(fields["data"]) if "data" in fields else None
            fields = {}


def test_an_event_is_told_as_it_comes(server: RunningServer, store: Store):
    with a_tail(server) as messages:
        next(messages)

        record(store, "told", "make told")

        _, told = next(messages)
    assert 1 == told["count"]
    assert "make told" in told["html"]


def test_only_what_the_filter_holds_is_told(server: RunningServer, store: Store):
    with a_tail(server, "risk=critical") as messages:
        next(messages)

        record(store, "low", "make low")
        record(store, "critical", "make critical", RiskLevel.CRITICAL)

        _, told = next(messages)
    assert "make critical" in told["html"]
    assert "make low" not in told["html"]


def test_who_comes_back_hears_what_came_meanwhile_and_nothing_twice(
    server: RunningServer, store: Store
):
    with a_tail(server) as messages:
        next(messages)
        record(store, "first", "make first")
        heard, _ = next(messages)
    record(store, "second", "make second")

    with a_tail(server, **{"Last-Event-ID": heard}) as messages:
        next(messages)
        _, told = next(messages)

    assert "make second" in told["html"]
    assert "make first" not in told["html"]


def test_of_very_many_at_once_only_the_number_is_told(server: RunningServer, store: Store):
    with a_tail(server) as messages:
        next(messages)

        now = time.time_ns()
        calls = [a_tool_call(call_id=f"many-{n}", started_ns=now) for n in range(50)]
        store.write(store.default_organization(), [an_event(call) for call in calls])

        _, told = next(messages)
    assert {"count": 50, "html": ""} == told


def test_what_an_agent_wrote_breaks_neither_page_nor_stream(server: RunningServer, store: Store):
    with a_tail(server) as messages:
        next(messages)

        record(store, "hostile", HOSTILE)

        _, told = next(messages)
    assert "<img" not in told["html"]
    assert "&lt;img" in told["html"]


def test_twenty_tails_hear_the_same(server: RunningServer, store: Store):
    def first_told() -> str:
        with a_tail(server) as messages:
            next(messages)
            return str(next(messages)[1]["html"])

    with ThreadPoolExecutor(20) as pool:
        tails = [pool.submit(first_told) for _ in range(20)]
        deadline = time.monotonic() + WAIT_S
        number = 0
        while not all(tail.done() for tail in tails) and time.monotonic() < deadline:
            number += 1
            record(store, f"twenty-{number}", "make twenty")
            time.sleep(0.7)

    assert all("make twenty" in tail.result() for tail in tails)


def test_nobody_listens_without_a_log_in(server: RunningServer):
    answer = httpx.get(f"{server.url}/dashboard/stream")

    assert 401 == answer.status_code


def test_a_wrong_filter_is_refused_and_a_wrong_place_ignored(server: RunningServer):
    with a_browser(server) as client:
        refused = client.get("/dashboard/stream?risk=odd")

    with a_tail(server, "heard=x", **{"Last-Event-ID": "9" * 40}) as messages:
        _, greeting = next(messages)
    assert 422 == refused.status_code
    assert greeting is None
