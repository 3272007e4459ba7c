"""Each term of the query language finds what it says, wherever Events are read."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import (
    Action,
    AuditEvent,
    Decision,
    Effects,
    EventKind,
    Outcome,
    RiskLevel,
)
from agentaudit_processor.query.language import read_query
from agentaudit_processor.query.terms import Field
from tests.support.audit_events import a_control_hit, a_finding, an_event
from tests.support.builders import a_fact, a_tool_call, an_actor

Meaning = Callable[[AuditEvent], bool]


def the_events() -> list[AuditEvent]:
    """A handful that differ in everything a term can speak of."""
    alice = an_actor(user_email="alice@example.com", host_name="lap-7", agent_name="claude-code")
    bob = an_actor(user_email="Bob_1@example.com", host_name=None, agent_name="codex")
    return [
        an_event(
            a_tool_call(call_id="1", session_id="s-1", actor=alice, cwd="/home/alice/src/api"),
            risk=RiskLevel.CRITICAL,
            decision=Decision.BLOCK,
            summary="rm -rf /srv/100%_done",
            findings=(
                a_finding(rule_id="destructive.delete_root", pii=None, signal="mass_delete"),
            ),
            controls=(a_control_hit(key="soc2.cc6.1", framework="soc2"),),
            effects=Effects(environment="prod", destination="db.example.com"),
        ),
        an_event(
            a_tool_call(
                call_id="2",
                session_id="s-1",
                actor=alice,
                action=Action.FILE_READ,
                tool_name="Read",
                cwd="/home/alice/src/api",
            ),
            risk=RiskLevel.HIGH,
            summary="config/.env",
            findings=(a_finding(rule_id="secrets.key", pii=None, secret="aws_access_key"),),
            controls=(a_control_hit(key="gdpr.art32", framework="gdpr"),),
        ),
        an_event(
            a_tool_call(
                call_id="3",
                session_id="s-2",
                actor=bob,
                action=Action.CONNECTOR_ACCESS,
                tool_name="mcp__crm__find",
                outcome=Outcome.FAILURE,
                cwd=None,
            ),
            risk=RiskLevel.MEDIUM,
            summary='Größe: "drop table"',
            findings=(a_finding(rule_id="pii.email", pii="email"), a_finding(pii="iban")),
            controls=(),
        ),
        an_event(a_fact(fact_id="4", session_id="s-2", actor=bob), summary="session_start"),
    ]


def activity(event: AuditEvent) -> Any:
    return event.activity


def is_call(event: AuditEvent) -> bool:
    return event.kind is EventKind.TOOL_CALL


def cwd(event: AuditEvent) -> str:
    return getattr(event.activity, "cwd", None) or ""


MEANINGS: dict[str, Meaning] = {
    "risk:>=high": lambda event: event.verdict.risk_level >= RiskLevel.HIGH,
    "-risk:low": lambda event: event.verdict.risk_level > RiskLevel.LOW,
    "decision:block": lambda event: event.verdict.decision is Decision.BLOCK,
    "action:file_*,connector_access": lambda event: (
        activity(event).action in (Action.FILE_READ, Action.CONNECTOR_ACCESS)
    ),
    "kind:tool_call": is_call,
    "kind:*": lambda event: True,
    "outcome:failure": lambda event: getattr(event.activity, "outcome", None) is Outcome.FAILURE,
    "user:alice@example.com": lambda event: activity(event).actor.user_email.startswith("alice"),
    "user:BOB_*": lambda event: activity(event).actor.user_email.startswith("Bob"),
    "user:bob%": lambda event: False,
    "user:?ob*": lambda event: False,
    "-agent:codex": lambda event: activity(event).actor.agent_name != "codex",
    "host:lap-*": lambda event: activity(event).actor.host_name == "lap-7",
    "host:*": lambda event: activity(event).actor.host_name is not None,
    "-host:lap-7": lambda event: activity(event).actor.host_name != "lap-7",
    "session:s-2": lambda event: activity(event).session_id == "s-2",
    "tool:mcp__*": lambda event: is_call(event) and activity(event).tool_name.startswith("mcp__"),
    "pii:email": lambda event: "email" in event.pii_types,
    "pii:e*": lambda event: any(name.startswith("e") for name in event.pii_types),
    "pii:*": lambda event: bool(event.pii_types),
    "pii:none": lambda event: not event.pii_types,
    "-pii:none,email": lambda event: bool(event.pii_types) and "email" not in event.pii_types,
    "secret:aws_access_key": lambda event: "aws_access_key" in event.secret_types,
    "secret:none": lambda event: not event.secret_types,
    "rule:destructive.*": lambda event: any(
        finding.rule_id.startswith("destructive.") for finding in event.findings
    ),
    "-rule:*": lambda event: not event.findings,
    "framework:gdpr": lambda event: any(hit.framework == "gdpr" for hit in event.controls),
    "control:soc2.cc*": lambda event: any(hit.key.startswith("soc2.cc") for hit in event.controls),
    'cmd:"rm -rf"': lambda event: is_call(event) and "rm -rf" in event.summary,
    "cmd:rm*100%_done": lambda event: "100%_done" in event.summary,
    "path:*.env": lambda event: event.summary.endswith(".env"),
    "path:.env": lambda event: event.summary.endswith("/.env"),
    "path:/home/alice/src/api/config/.env": lambda event: event.summary == "config/.env",
    "path:/etc/*": lambda event: False,
    "cwd:/home/alice/*": lambda event: cwd(event).startswith("/home/alice/"),
    "repo:api": lambda event: cwd(event).endswith("/api"),
    "env:prod": lambda event: event.effects.environment == "prod",
    "destination:*.example.com": lambda event: event.effects.destination == "db.example.com",
    "is:unfinished": lambda event: False,
    "is:*": lambda event: False,
    "-is:late": lambda event: True,
    "review:new": lambda event: True,
    "-review:new": lambda event: False,
    "GRÖßE": lambda event: event.summary.startswith("Größe"),
    '"\\"drop table"': lambda event: "drop table" in event.summary,
    '-"drop table" -kind:session': lambda event: "drop" not in event.summary and is_call(event),
    "risk:>=medium user:alice@* -tool:Read": lambda event: event.summary.startswith("rm"),
}


@pytest.fixture(scope="module")
def few(shared_store: Store) -> Store:
    """A store with `the_events`, for tests that only read."""
    shared_store.write(shared_store.default_organization(), the_events())
    return shared_store


@pytest.mark.parametrize("text", MEANINGS)
def test_a_term_finds_what_it_says(few: Store, text: str) -> None:
    wanted = {event.event_id for event in the_events() if MEANINGS[text](event)}

    found = few.list_events(1, filter_of(text), limit=100)

    assert wanted == {row.event_id for row in found.items}


@pytest.mark.parametrize("text", MEANINGS)
def test_what_is_counted_under_a_term_is_what_is_listed(few: Store, text: str) -> None:
    where = filter_of(text)
    listed = few.list_events(1, where, limit=100).items

    stats = few.stats(1, where)

    assert len(listed) == stats.total
    facets = few.facets(1, where)
    assert len(listed) == sum(counted.count for counted in facets["risk"])
    sessions = {row.session_id for row in listed}
    assert sessions == {row.session_id for row in few.sessions(1, where, limit=100).items}


@pytest.mark.parametrize("text", MEANINGS)
@pytest.mark.parametrize("choice", [{}, {"risks": (RiskLevel.LOW,)}, {"tools": ("Bash",)}])
def test_a_narrowed_filter_gives_the_same_answers(
    few: Store, text: str, choice: dict[str, Any]
) -> None:
    where = replace(filter_of(text), **choice)

    narrow = few.narrowed(1, where)

    assert few.list_events(1, where) == few.list_events(1, narrow)
    assert few.facets(1, where) == few.facets(1, narrow)
    assert few.histogram(1, where) == few.histogram(1, narrow)
    assert few.stats(1, where) == few.stats(1, narrow)
    assert few.sessions(1, where) == few.sessions(1, narrow)


def test_every_field_is_tried() -> None:
    tried = {match for text in MEANINGS for match in re.findall(r"([a-z]+):", text)}

    assert {field.value for field in Field} - {"id", "signal"} <= tried


def filter_of(text: str) -> EventFilter:
    read = read_query(text)
    return EventFilter(terms=read.terms, words=read.words, words_excluded=read.words_excluded)
