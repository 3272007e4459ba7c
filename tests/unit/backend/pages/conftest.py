"""A dashboard with nothing in it, and one with the Events that its tests are about."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentaudit_processor.model import Action
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_fact, a_tool_call
from tests.support.web import Web, a_dashboard

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


def ns(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000


@pytest.fixture
def empty(tmp_path: Path, judge: Judge) -> Iterator[Web]:
    web = a_dashboard(tmp_path, judge, clock=lambda: NOW)
    web.log_in()
    yield web
    web.store.close()


@pytest.fixture
def web(empty: Web) -> Web:
    """One session of six minutes, an hour ago: a start, a read, a force push, an edit, a gap."""
    start = NOW - timedelta(hours=1)

    def at(minutes: float) -> dict[str, int]:
        began = ns(start + timedelta(minutes=minutes))
        return {"started_ns": began, "ended_ns": began + 60_000_000}

    empty.record(
        a_fact(at_ns=ns(start)),
        a_tool_call(
            "Read",
            call_id="c1",
            action=Action.FILE_READ,
            arguments={"file_path": "/home/alice/project/README.md"},
            result={"file": {"content": "# Shop"}},
            exit_code=None,
            **at(0.2),
        ),
        a_tool_call(call_id="c2", arguments={"command": "rm -rf /home/alice/project"}, **at(0.5)),
        a_tool_call(
            "Edit",
            call_id="c3",
            action=Action.FILE_EDIT,
            arguments={
                "file_path": "/home/alice/project/a.py",
                "old_string": "1",
                "new_string": "2",
            },
            result=None,
            exit_code=None,
            **at(6),
        ),
    )
    return empty
