"""Every recorded Claude Code payload, through the installed hook, into the database."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agentaudit_backend.store.store import Store
from tests.support.hook import PAYLOADS, a_hook_home
from tests.support.server import RunningServer, a_server

FIRST = ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with a_server(tmp_path / "server") as running:
        yield running


def test_each_tool_use_is_one_event_however_often_it_is_told(
    server: RunningServer, tmp_path: Path
) -> None:
    told = _recorded()

    with a_hook_home(tmp_path, server.url, key=server.key) as hook:
        for one in [*told, *told]:  # an agent that resumes may tell all of it again
            assert b"" == hook.tell("event", one).stdout
        hook.flush()

    stored = Counter(
        row["call_id"] for row in _rows(server, "SELECT call_id FROM event WHERE kind='tool_call'")
    )
    assert dict.fromkeys(_tool_uses(told), 1) == dict(stored)
    numbers = _rows(server, "SELECT client_sequence FROM event_content")
    assert max(row["client_sequence"] or 0 for row in numbers) > 5
    sessions = _rows(server, "SELECT DISTINCT session_id FROM event")
    with closing(Store.open(server.database_url)) as store:
        for row in sessions:
            assert () == store.missing_records(1, row["session_id"])


def test_each_event_has_its_leaves_and_no_other(server: RunningServer, tmp_path: Path) -> None:
    with a_hook_home(tmp_path, server.url, key=server.key) as hook:
        for one in _recorded():
            hook.tell("event", one)
        hook.flush()

    leaves = _rows(server, "SELECT seq, event_id, phase FROM ledger_leaf ORDER BY seq")
    events = _rows(server, "SELECT event_id FROM event")
    assert list(range(len(leaves))) == [leaf["seq"] for leaf in leaves]
    assert {event["event_id"] for event in events} == {leaf["event_id"] for leaf in leaves}
    assert {1} == set(Counter((leaf["event_id"], leaf["phase"]) for leaf in leaves).values())


def _recorded() -> list[dict[str, Any]]:
    """All payloads, each call's request before its end, as an agent tells them."""
    told = [json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("[A-Z]*.json"))]
    return sorted(told, key=lambda one: _place(one["hook_event_name"]))


def _place(event: str) -> int:
    return FIRST.index(event) if event in FIRST else len(FIRST) + (event == "SessionEnd")


def _tool_uses(told: list[dict[str, Any]]) -> set[str]:
    listed = {call["tool_use_id"] for one in told for call in one.get("tool_calls", ())}
    return listed | {one["tool_use_id"] for one in told if "tool_use_id" in one}


def _rows(server: RunningServer, query: str) -> list[sqlite3.Row]:
    (path,) = server.data_dir.glob("*.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return database.execute(query).fetchall()
