"""What a hostile text costs the judge, counted in calls: a busy machine counts the same."""

import json
from functools import cache
from pathlib import Path

import pytest

from agentaudit_processor.pipeline import Judge
from tests.fuzz.work import KEPT, MOST_CALLS, work_of
from tests.support.hostile import texts


@cache
def the_judge() -> Judge:
    """A Judge that has everything imported and compiled which it needs late."""
    judge = Judge.load()
    long = "frobnicate $a; " * 2_000
    for field, text in (
        ("command", "ls +49 170 1234567"),
        ("command", long),
        ("sql", "DROP TABLE a"),
    ):
        work_of(judge, field, text)
    return judge


@pytest.mark.parametrize("name", texts())
def test_no_hostile_command_is_too_much_work(name: str):
    calls = work_of(the_judge(), "command", texts()[name])

    assert calls <= MOST_CALLS


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_what_once_was_too_much_work_is_none_any_more(path: Path):
    told = json.loads(path.read_text("utf-8"))

    assert work_of(the_judge(), told["field"], told["text"]) <= MOST_CALLS
