"""What a call does is read once, and is the same for every call that does the same."""

from dataclasses import replace

import pytest

from agentaudit_processor.classify import doings
from agentaudit_processor.classify.doings import MAX_KNOWN, Doing, Doings
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.model import Activity, Json, Outcome, Phase, ToolCall
from tests.support.builders import a_tool_call


@pytest.fixture(scope="module")
def known() -> Doings:
    return Doings(load_packs().rules)


def reads(doings: Doings, activity: Activity, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the activity is read, and not known from before."""
    read: list[Activity] = []
    make = Doings._read

    def noting(self: Doings, one: Activity) -> Doing:
        read.append(one)
        return make(self, one)

    with monkeypatch.context() as patch:
        patch.setattr(Doings, "_read", noting)
        doings.of(activity)
    return bool(read)


def asked(**arguments: Json) -> ToolCall:
    return a_tool_call(arguments=arguments, phase=Phase.REQUESTED, outcome=Outcome.UNKNOWN)


def test_a_call_that_has_ended_is_known_from_its_request(
    known: Doings, monkeypatch: pytest.MonkeyPatch
):
    request = asked(command="rm -rf build", timeout=5)
    known.of(request)

    ended = replace(request, phase=Phase.ENDED, outcome=Outcome.SUCCESS, result={"stdout": "done"})

    assert not reads(known, ended, monkeypatch)
    assert known.of(ended) == Doings(load_packs().rules).of(ended)


@pytest.mark.parametrize(
    "change",
    [
        {"cwd": "/srv/other"},
        {"tool_name": "PowerShell"},
        {"mcp_server": "redis"},
        {"arguments": {"command": "rm -rf build", "timeout": 6}},
        {"arguments": {"command": "rm -rf build", "timeout": True}},
    ],
)
def test_another_call_is_read_anew(
    known: Doings, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
):
    call = asked(command="rm -rf build", timeout=1)
    known.of(call)

    assert reads(known, replace(call, **change), monkeypatch)


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": "echo " + "a" * 1_000},
        {"command": "a;" * 31},
        {"args": ["rm", "-rf", "build"]},
        {"options": {"command": "ls"}},
    ],
)
def test_what_is_too_much_or_not_plain_is_not_kept(
    known: Doings, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Json]
):
    call = asked(**arguments)
    known.of(call)

    assert reads(known, call, monkeypatch)


def test_the_oldest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doings, "MAX_KNOWN", 2)
    known = Doings(load_packs().rules)
    calls = [asked(command=f"ls {at}") for at in range(3)]

    for call in calls:
        known.of(call)

    assert [reads(known, call, monkeypatch) for call in reversed(calls)] == [False, False, True]
    assert MAX_KNOWN > len(calls)


def test_a_parser_that_fails_is_told_again_of_the_next_call(monkeypatch: pytest.MonkeyPatch):
    def fails(activity: Activity) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("agentaudit_processor.classify.read_safely.deeds_of", fails)
    known = Doings(load_packs().rules)
    call = asked(command="ls")

    first, second = known.of(call), known.of(call)

    assert first.notes == second.notes == ("what it does: a parser failed, ZeroDivisionError",)
