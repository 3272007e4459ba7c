"""Two thousand calls from eight agents, while relay and server are killed again and again.

Afterwards every call is stored exactly once, with its end, in order, at its true time.
"""

import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.hook import HookHome, a_hook_home
from tests.support.server import RunningServer, a_server

AGENTS = 8
CALLS_PER_AGENT = 250
FLUSH_S = 180
LEAST_SERVERS_KILLED = 2
ROOT = Path(__file__).parents[2]

Asked = dict[str, tuple[int, int]]
"""Call id → the nanoseconds between which its request reached the hook, in order of asking."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with a_server(tmp_path / "server") as running:
        yield running


@pytest.mark.timeout(900)
def test_every_call_is_stored_once_in_order_at_its_true_time(
    server: RunningServer, tmp_path: Path
) -> None:
    with a_hook_home(tmp_path, server.url, key=server.key) as home:
        hook = HookHome(home.home, home.url, home.key, {"AGENTAUDIT_DEADLINE_MS": ""})
        chaos = Chaos(hook, server)

        asked = _run_agents(hook, while_running=chaos)
        flushed = hook.run("flush", "--timeout", str(FLUSH_S), timeout=FLUSH_S + 30)

        assert 0 == flushed.returncode, flushed.stderr
    assert chaos.relays_killed > 5
    assert chaos.servers_killed > LEAST_SERVERS_KILLED
    stored = {session: _stored(server, session) for session in asked}
    for session, calls in asked.items():
        events = stored[session]
        assert list(calls) == [event["call_id"] for event in events]
        assert {("ended", "failure", 3)} == {
            (event["phase"], event["outcome"], event["exit_code"]) for event in events
        }
        assert [] == [event["call_id"] for event in events if not _is_true(event, calls)]
    assert _contiguous(server)


class Chaos:
    """Kills relays and the server until it is closed; then the server is up."""

    def __init__(self, hook: HookHome, server: RunningServer) -> None:
        self.relays_killed = self.servers_killed = 0
        self._hook = hook
        self._server = server
        self._over = threading.Event()
        self._chance = random.Random(2_000)
        self._threads = [
            threading.Thread(target=self._repeat, args=(self._kill_relays, 0.5, 2.0)),
            threading.Thread(target=self._repeat, args=(self._kill_server, 2.0, 6.0)),
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        while (
            self.servers_killed <= LEAST_SERVERS_KILLED
        ):  # quick agents leave a backlog to deliver
            self._kill_server()

    def _repeat(self, kill: Callable[[], None], least: float, most: float) -> None:
        while not self._over.wait(self._chance.uniform(least, most)):
            kill()

    def _kill_relays(self) -> None:
        self.relays_killed += len(self._hook.relays())
        self._hook.kill_relays()

    def _kill_server(self) -> None:
        self._server.kill()
        self.servers_killed += 1
        time.sleep(self._chance.uniform(0.2, 5.0))
        self._server.start()


def _run_agents(hook: HookHome, *, while_running: Chaos) -> dict[str, Asked]:
    env = {**hook.env, "PYTHONPATH": str(ROOT)}
    sessions = [f"session-{number}" for number in range(AGENTS)]
    command = [sys.executable, "-m", "tests.support.call_hook"]
    with while_running:
        agents = [
            subprocess.Popen(
                [*command, session, str(CALLS_PER_AGENT)],
                env=env,
                cwd=hook.home,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for session in sessions
        ]
        outputs = [agent.communicate() for agent in agents]
    asked = {}
    for session, agent, (out, err) in zip(sessions, agents, outputs, strict=True):
        assert 0 == agent.returncode, err.decode()
        lines = [json.loads(line) for line in out.splitlines()]
        asked[session] = {call_id: (earliest, latest) for call_id, earliest, latest in lines}
    return asked


def _stored(server: RunningServer, session: str) -> list[dict[str, Any]]:
    """Events of a session by time, then by the ledger's order."""
    with closing(_database(server)) as database:
        rows = database.execute(
            "SELECT call_id, phase, outcome, exit_code, at FROM event"
            " WHERE session_id = ? AND kind = 'tool_call' ORDER BY at, pk",
            (session,),
        )
        return [dict(row) for row in rows]


def _is_true(event: dict[str, Any], calls: Asked) -> bool:
    earliest, latest = calls[event["call_id"]]
    # the store keeps microseconds
    return earliest // 1000 <= _microseconds(event["at"]) <= latest // 1000


def _microseconds(at: int | str) -> int:
    if isinstance(at, int):
        return at
    told = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return round(told.timestamp() * 1_000_000)


def _contiguous(server: RunningServer) -> bool:
    """Whether the ledger counts without a gap, and holds each part of each call once."""
    with closing(_database(server)) as database:
        numbers = [row[0] for row in database.execute("SELECT seq FROM ledger_leaf ORDER BY seq")]
        parts = database.execute("SELECT count(DISTINCT event_id || phase) FROM ledger_leaf")
        (distinct,) = parts.fetchone()
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and distinct == len(
        numbers
    )


def _database(server: RunningServer) -> sqlite3.Connection:
    (path,) = server.data_dir.glob("*.db")
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    return database
