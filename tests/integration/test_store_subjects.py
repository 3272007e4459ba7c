"""Users, agents, hosts and Sessions at a glance: the same on both databases, and adding up."""

from datetime import timedelta

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.values import from_nanoseconds
from agentaudit_processor.model import (
    Action,
    ClientVerdict,
    Decision,
    EventKind,
    RiskLevel,
    ToolCall,
)
from tests.support.audit_events import a_finding, an_event, numbered_call
from tests.support.builders import NOON_NS, a_fact, an_actor

NOON = from_nanoseconds(NOON_NS)
WINDOWS = (
    EventFilter(),
    EventFilter(since=NOON + timedelta(minutes=10)),
    EventFilter(since=NOON + timedelta(minutes=10), until=NOON + timedelta(minutes=31)),
    EventFilter(risks=(RiskLevel.HIGH,)),
    EventFilter(words=("echo",)),
)


def a_call(number: int, **fields: object) -> ToolCall:
    actor = an_actor(user_email=f"user-{number % 3}@example.com", host_name=f"lap-{number % 2}")
    return numbered_call(number, actor=actor, **fields)


@pytest.fixture
def team(store: Store) -> Store:
    """Forty calls by three users on two hosts; each fifth is high, each tenth was stopped."""
    events = [
        an_event(
            a_call(number),
            risk=RiskLevel.HIGH if number % 5 == 0 else RiskLevel.LOW,
            decision=Decision.BLOCK if number % 10 == 0 else Decision.ALLOW,
            findings=(a_finding(),) if number % 4 == 0 else (),
        )
        for number in range(40)
    ]
    store.write(1, events)
    return store


@pytest.mark.parametrize("kind", ["user", "agent", "host"])
@pytest.mark.parametrize("where", WINDOWS)
def test_subjects_add_up_to_the_figures(team: Store, kind: str, where: EventFilter) -> None:
    stats = team.stats(1, where)

    rows = team.subjects(1, where, kind)

    assert stats.total == sum(row.events for row in rows)
    assert stats.blocked == sum(row.blocked for row in rows)
    assert stats.with_pii == sum(row.with_pii for row in rows)
    assert stats.by_risk[RiskLevel.HIGH] == sum(row.grave for row in rows)
    assert {row.name for row in rows} == {each.value for each in getattr(stats, f"top_{kind}s")}


def test_a_subject_was_last_active_on_the_day_of_its_last_event(team: Store) -> None:
    rows = team.subjects(1, EventFilter(), "user")

    assert {NOON.date()} == {row.last_at.date() for row in rows}


def test_a_session_is_outlined_in_order_with_who_acted(store: Store) -> None:
    helper = an_actor(subagent_id="a1", subagent_type="Explore")
    calls = [numbered_call(n, actor=helper if n == 2 else an_actor()) for n in (3, 1, 2)]
    beat = a_fact(kind=EventKind.HEARTBEAT, session_id="session-0", at_ns=NOON_NS)
    store.write(1, [an_event(each) for each in (*calls, beat)])

    steps = store.session_outline(1, "session-0", 10)

    assert ["", "Explore", ""] == [step.lane for step in steps]
    assert [60, 120, 180] == [(step.at - NOON) // timedelta(seconds=1) for step in steps]
    assert {timedelta(milliseconds=60)} == {step.ended_at - step.at for step in steps}
    assert 2 == len(store.session_outline(1, "session-0", 2))
    assert () == store.session_outline(2, "session-0", 10)


def test_files_are_told_once_with_all_that_was_done(store: Store) -> None:
    deeds = (
        (Action.FILE_READ, "a.py", RiskLevel.LOW),
        (Action.FILE_READ, "a.py", RiskLevel.LOW),
        (Action.FILE_EDIT, "a.py", RiskLevel.LOW),
        (Action.FILE_READ, ".env", RiskLevel.HIGH),
        (Action.SHELL_COMMAND, "ls", RiskLevel.LOW),
    )
    store.write(
        1,
        [
            an_event(numbered_call(n, action=action), summary=path, risk=risk)
            for n, (action, path, risk) in enumerate(deeds)
        ],
    )

    files = store.touched_files(1, "session-0", 10)

    assert [".env", "a.py"] == [file.path for file in files]
    assert {Action.FILE_READ: 2, Action.FILE_EDIT: 1} == files[1].counts
    assert [RiskLevel.HIGH, RiskLevel.LOW] == [file.risk for file in files]


def test_a_host_tells_how_its_hook_does(team: Store) -> None:
    lap = an_actor(host_name="lap-1")
    verdict = ClientVerdict(decision=Decision.ALLOW, policy_version="4", packs_version="p")
    beat = a_fact(kind=EventKind.HEARTBEAT, name="Heartbeat", fact_id="b", actor=lap, at_ns=NOON_NS)
    gap = a_fact(kind=EventKind.GAP, name="RecordsDropped", fact_id="g", actor=lap)
    drift = a_fact(kind=EventKind.LOGGING_STATE, name="HookDrift", fact_id="d", actor=lap)
    call = a_call(41, client_verdict=verdict)
    team.write(1, [an_event(each) for each in (beat, gap, drift, call)])

    health = team.hook_health(1, "lap-1")

    assert NOON == health.last_beat
    assert ("4", "p") == (health.policy_version, health.packs_version)
    assert 1 == health.gaps
    assert health.drift
    assert "HookDrift" == health.drift.tool
    nobody = team.hook_health(1, "nobody")
    assert (None, None, None, 0) == (
        nobody.last_beat,
        nobody.policy_version,
        nobody.drift,
        nobody.gaps,
    )
