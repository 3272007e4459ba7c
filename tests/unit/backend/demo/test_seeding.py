"""Demonstration data: as much as was asked for, within its time, marked, refused, removable."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentaudit_backend.commands import run
from agentaudit_backend.demo.seeding import Examiner, NotEmpty, in_order, seed
from agentaudit_backend.store.demo_marks import DEMO_DIALECT, is_demo
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import Decision, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.audit_events import an_event
from tests.support.builders import a_tool_call
from tests.support.stores import a_store

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
EVENTS, DAYS = 2500, 21
ALL = EventFilter()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(f"sqlite:///{tmp_path}/agentaudit.db") as store:
        yield store


def seeded(store: Store, judge: Judge, *, number: int = 7, force: bool = False) -> int:
    return seed(
        store,
        judge,
        store.default_organization(),
        events=EVENTS,
        days=DAYS,
        seed=number,
        now=NOW,
        force=force,
    )


def ids(store: Store) -> set[str]:
    found = store.walk(store.default_organization(), ALL)
    return {event.row.event_id for event in found}


def test_a_demonstration_holds_as_many_events_as_asked_for_each_within_its_days(
    store: Store, judge: Judge
):
    written = seeded(store, judge)

    events = [event.row for event in store.walk(store.default_organization(), ALL)]
    assert (EVENTS, EVENTS) == (written, len(events))
    assert NOW - timedelta(days=DAYS + 1) <= min(event.at for event in events)
    assert NOW >= max(event.at for event in events)


def test_a_demonstration_is_of_every_risk_and_of_many_people_agents_and_hosts(
    store: Store, judge: Judge
):
    seeded(store, judge)

    events = [event.row for event in store.walk(store.default_organization(), ALL)]
    assert set(RiskLevel) == {event.risk for event in events}
    assert {Decision.ALLOW, Decision.BLOCK} <= {event.decision for event in events}
    assert 8 <= len({event.user for event in events})
    assert 4 == len({event.agent for event in events})


def test_what_is_judged_once_is_as_if_each_were_judged_for_itself(judge: Judge):
    policy = Policy()
    examiner = Examiner(judge, policy)

    scenes = list(in_order(700, DAYS, 7, NOW))

    told = [examiner.event(scene) for scene in scenes]
    each = [
        judge.examine(scene.activity, digest_key=policy.digest_key).event(policy)
        for scene in scenes
    ]
    assert each == told
    assert len({scene.alike for scene in scenes}) < len(scenes)


def test_the_same_seed_gives_the_same_events_and_another_gives_others(tmp_path: Path, judge: Judge):
    found = []
    for place, number in (("a", 7), ("b", 7), ("c", 8)):
        with a_store(f"sqlite:///{tmp_path}/{place}.db") as store:
            seeded(store, judge, number=number)
            found.append(ids(store))

    assert found[0] == found[1]
    assert set() == found[0] & found[2]


def test_every_event_is_marked(store: Store, judge: Judge):
    seeded(store, judge)

    events = list(store.walk(store.default_organization(), ALL))
    assert {DEMO_DIALECT} == {event.row.dialect for event in events}
    assert all(is_demo(event.row.session_id) for event in events)
    assert store.has_demo(store.default_organization())


def test_a_store_with_events_of_agents_is_left_alone(store: Store, judge: Judge):
    store.write(store.default_organization(), [an_event(a_tool_call())])

    with pytest.raises(NotEmpty):
        seeded(store, judge)

    assert 1 == len(ids(store))


def test_removing_takes_the_demonstration_and_nothing_else(store: Store, judge: Judge):
    organization_id = store.default_organization()
    store.write(organization_id, [an_event(a_tool_call(session_id="demo-no-really"))])
    before = store.stats(organization_id, ALL)
    seeded(store, judge, force=True)

    removed = store.remove_demo(organization_id)

    assert EVENTS == removed
    assert before == store.stats(organization_id, ALL)


def test_seed_tells_what_it_did_and_how_to_take_it_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    place = ("--data-dir", str(tmp_path), "--log-level", "error")

    codes = [
        run(["seed", "--events", "50", "--days", "3", *place]),
        run(["seed", "--remove", *place]),
    ]

    said = capsys.readouterr().out
    assert [0, 0] == codes
    assert "Added 50 demonstration events over 3 days" in said
    assert "Removed 50 demonstration events" in said


def test_seed_refuses_a_store_with_events_of_agents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with a_store(f"sqlite:///{tmp_path}/agentaudit.db") as store:
        store.write(store.default_organization(), [an_event(a_tool_call())])

    code = run(["seed", "--events", "50", "--data-dir", str(tmp_path), "--log-level", "error"])

    assert 4 == code
    assert "--force" in capsys.readouterr().err


def test_a_call_that_was_stopped_says_from_which_level_on(store: Store, judge: Judge):
    seeded(store, judge)
    stopped = EventFilter(decisions=(Decision.BLOCK,))

    found = list(store.walk(store.default_organization(), stopped))

    assert found
    assert all(event.verdict.threshold is not None for event in found)
