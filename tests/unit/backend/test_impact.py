"""A draft of the policy against the calls of the last days."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentaudit_backend.impact import weighing
from agentaudit_backend.impact.weighing import Busy, Impact, Scales
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import Decision, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Answer, Exemption, LoggingLevel, Policy
from tests.support.builders import a_tool_call, an_actor
from tests.support.stores import a_store

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
OFF = Policy()
STRICT = Policy(logging_level=LoggingLevel.PARANOID, blocking_enabled=True, block_on=RiskLevel.HIGH)
PACK = """
pack: acme
version: 1
rules:
  - id: acme.deploy
    title: Deployment by hand
    severity: high
    command: '^acme-deploy'
    why: Deployments are the work of the pipeline.
    advice: Let the pipeline do it.
    source: our own rule
    examples:
      match: [{name: it, command: acme-deploy now}]
      no_match: [{name: another, command: ls}]
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(f"sqlite:///{tmp_path / 'a.db'}") as opened:
        yield opened


def record(
    store: Store, judge: Judge, *commands: str, ago: timedelta = timedelta(hours=1), **fields: Any
) -> None:
    at = int((NOW - ago).timestamp()) * 10**9
    events = [
        judge.examine(
            a_tool_call(
                call_id=f"{at}{number}",
                arguments={"command": command},
                started_ns=at + number,
                ended_ns=at + number + 1,
                **fields,
            )
        ).event(OFF)
        for number, command in enumerate(commands)
    ]
    store.write(store.default_organization(), events)


def weigh(store: Store, judge: Judge, before: Policy, after: Policy) -> Impact:
    organization = store.default_organization()
    return Scales().weigh(store, judge, organization, before=before, after=after, now=NOW)


def test_what_a_stricter_draft_would_have_blocked_is_counted_by_rule_and_person(
    store: Store, judge: Judge
):
    record(store, judge, "rm -rf src", "ls", "git push --force origin main")
    record(
        store, judge, "rm -rf src", ago=timedelta(days=2), actor=an_actor(user_email="bob@b.org")
    )
    record(store, judge, "rm -rf src", ago=timedelta(days=8))

    impact = weigh(store, judge, OFF, STRICT)

    rules = {each.value: each.count for each in impact.by_rule}
    assert (3, 0, 0, 2) == (impact.blocked, impact.asked, impact.freed, impact.people)
    assert 2 == rules["destructive.delete_tree"]
    assert {(Decision.ALLOW, Decision.BLOCK)} == {(e.before, e.after) for e in impact.examples}


def test_what_a_milder_draft_lets_through_is_counted_apart(store: Store, judge: Judge):
    record(store, judge, "rm -rf src", "ls")
    exempt = Exemption(
        id="e",
        rule_id="destructive.*",
        owner="o",
        reason="r",
        expires_ns=2 * 10**18,
        command="ls *",
    )
    milder = (
        replace(STRICT, rule_answers={"destructive.delete_tree": Answer.ALLOW}),
        replace(STRICT, rule_answers={"destructive.delete_tree": Answer.ASK}),
        replace(STRICT, exemptions=(replace(exempt, command="", path="*/src"),)),
        OFF,
    )

    freed = [weigh(store, judge, STRICT, each).freed for each in milder]
    not_freed = weigh(store, judge, STRICT, replace(STRICT, exemptions=(exempt,)))

    assert [1, 1, 1, 1] == freed
    assert 0 == not_freed.freed  # it speaks of another command


def test_what_only_the_draft_looks_for_is_found_in_what_is_kept(store: Store, judge: Judge):
    record(store, judge, "acme-deploy now", "ls")

    assert 1 == weigh(store, judge, STRICT, replace(STRICT, packs=(PACK,))).blocked


def test_a_rule_that_was_off_is_found_again(store: Store, judge: Judge):
    off = replace(STRICT, rule_answers={"destructive.delete_tree": Answer.OFF})
    at = int((NOW - timedelta(hours=1)).timestamp()) * 10**9
    call = a_tool_call(arguments={"command": "rm -rf src"}, started_ns=at, ended_ns=at + 1)
    store.write(store.default_organization(), [judge.examine(call).event(off)])

    impact = weigh(store, judge, off, replace(STRICT, block_on=RiskLevel.MEDIUM))

    assert 1 == impact.blocked


def test_the_answer_to_a_tool_counts_for_calls_in_which_nothing_was_found(
    store: Store, judge: Judge
):
    record(store, judge, "ls")

    assert 1 == weigh(store, judge, STRICT, replace(STRICT, tool_answers={"Ba*": Answer.ASK})).asked


def test_no_more_is_looked_at_than_was_agreed_and_it_says_so(
    store: Store, judge: Judge, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weighing, "MOST_CALLS", 2)
    record(store, judge, "rm -rf src", "rm -rf src", "rm -rf src")

    impact = weigh(store, judge, OFF, STRICT)

    assert (2, 2, True) == (impact.blocked, impact.looked_at, impact.more)


def test_one_draft_at_a_time_is_weighed(store: Store, judge: Judge):
    scales = Scales()
    scales._one_at_a_time.acquire()

    with pytest.raises(Busy):
        scales.weigh(store, judge, store.default_organization(), before=OFF, after=STRICT, now=NOW)
