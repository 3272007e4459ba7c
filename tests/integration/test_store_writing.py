"""Writing Events: each once, whole, whatever comes in which order."""

import threading
from dataclasses import replace
from itertools import permutations

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import (
    AuditEvent,
    ClientVerdict,
    Decision,
    EventKind,
    Json,
    Outcome,
    Phase,
    RiskLevel,
)
from agentaudit_processor.policy import LoggingLevel
from tests.support.audit_events import (
    a_control_hit,
    a_finding,
    an_event,
    numbered_call,
    numbered_request,
)
from tests.support.builders import NOON_NS, a_fact, a_request, a_tool_call, an_actor
from tests.support.ledger import proven_envelopes

EVERYTHING = EventFilter()
HOSTILE = [
    "nul \x00 inside",
    "lone \ud800 surrogate",
    "'; DROP TABLE event; --",
    "<script>alert(1)</script>",
    "\x1b[2J\x07 escape",
    "\u202egnirts desrever",
    "line\nbreak\r\n\ttab \\n \\N \\.",
    "%s {} ${x} {{7*7}}",
    "🦊" * 50,
]


def whole(store: Store, organization_id: int) -> object:
    """All that can be read of the one Event, less its leaves: these tell the order of arrival."""
    row = store.list_events(organization_id, EVERYTHING).items[0]
    detail = store.event(organization_id, row.event_id)
    assert detail is not None
    return (
        replace(detail, leaves=()),
        store.sessions(organization_id, EVERYTHING),
        store.facets(organization_id, EVERYTHING),
        {leaf.phase for leaf in detail.leaves},
    )


@pytest.mark.otlp(32)
def test_a_second_event_with_the_same_id_adds_no_row(store: Store, organization_id: int) -> None:
    store.write(organization_id, [an_event()])
    before = whole(store, organization_id)

    store.write(organization_id, [an_event(risk=RiskLevel.CRITICAL, summary="another")])

    assert before == whole(store, organization_id)
    assert 1 == store.list_events(organization_id, EVERYTHING).total


def test_the_same_event_twice_in_one_batch_is_one(store: Store, organization_id: int) -> None:
    store.write(organization_id, [an_event(), an_event(a_request()), an_event()])

    assert 1 == store.list_events(organization_id, EVERYTHING).total
    assert 1 == store.sessions(organization_id, EVERYTHING).items[0].calls


def both_halves() -> list[AuditEvent]:
    verdict = ClientVerdict(decision=Decision.ALLOW, risk_level=RiskLevel.HIGH)
    requested = a_request(
        started_ns=NOON_NS - 5_000,
        client_verdict=verdict,
        permission_mode="default",
        replayed=True,
    )
    ended = a_tool_call(actor=an_actor(user_email=None, user_name=None, host_name=None))
    return [
        an_event(
            requested,
            risk=RiskLevel.HIGH,
            reasons=("Deletes files",),
            findings=(a_finding(), a_finding(rule_id="shell.delete", pii=None)),
            controls=(a_control_hit(),),
        ),
        an_event(
            ended,
            findings=(a_finding(), a_finding(where="result.stdout", pii="phone")),
            controls=(a_control_hit(), a_control_hit(key="soc2.cc7.2", framework="soc2")),
        ),
    ]


def test_request_and_end_make_one_event_in_either_order(store: Store, organization_id: int) -> None:
    requested, ended = both_halves()
    store.write(organization_id, [requested])
    store.write(organization_id, [ended])

    detail = store.event(organization_id, ended.event_id)

    assert detail is not None
    assert (Phase.ENDED, Outcome.SUCCESS) == (detail.row.phase, detail.row.outcome)
    assert (RiskLevel.HIGH, "Deletes files") == (detail.row.risk, detail.row.reason)
    assert ("email", "phone") == detail.row.pii_types
    assert "alice@example.com" == detail.row.user
    assert "default" == detail.permission_mode
    assert {"stdout": "hello", "stderr": ""} == detail.result
    assert [5, True] == [(detail.started_at.microsecond - 999_990) % 10, detail.replayed]
    assert 3 == len(detail.findings)
    assert {("owasp.llm02:2026",)} == {finding.tags for finding in detail.findings}
    assert ["gdpr.30", "soc2.cc7.2"] == [hit.key for hit in detail.controls]


@pytest.mark.parametrize("split", [True, False], ids=["one by one", "in one batch"])
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_order_of_arrival_changes_nothing(
    store: Store, organization_id: int, order: tuple[int, ...], split: bool
) -> None:
    halves = both_halves()
    arriving = [[*halves, halves[0]][place] for place in order]
    other = store_in_natural_order(store)

    for batch in [[event] for event in arriving] if split else [arriving]:
        store.write(organization_id, batch)

    assert other == whole(store, organization_id)


def store_in_natural_order(store: Store) -> object:
    """What a second organisation of the same database shows after request, then end."""
    from datetime import UTC, datetime

    from agentaudit_backend.store.database import writing
    from agentaudit_backend.store.organizations import create_organization

    with writing(store._engine) as connection:
        second = create_organization(connection, "Second", datetime.now(UTC))
    for half in both_halves():
        store.write(second, [half])
    return whole(store, second)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_hook_and_native_telemetry_of_one_call_are_one_event(
    store: Store, organization_id: int, database_url: str, order: tuple[int, ...]
) -> None:
    requested, ended = both_halves()
    native = an_event(
        a_tool_call(
            dialect="semconv",
            arguments={},
            result="told by telemetry",
            cwd=None,
            prompt_id="prompt-7",
            exit_code=None,
        ),
        decision=Decision.OBSERVE,
        summary="Bash",
    )
    parts = [requested, ended, native]

    for place in order:
        store.write(organization_id, [parts[place]])

    (row,) = store.list_events(organization_id, EVERYTHING).items
    detail = store.event(organization_id, row.event_id)
    assert detail is not None
    assert ("agentaudit", "echo hello", Decision.ALLOW) == (row.dialect, row.summary, row.decision)
    assert RiskLevel.HIGH == row.risk
    assert {"command": "echo hello"} == detail.arguments
    assert {"stdout": "hello", "stderr": ""} == detail.result
    assert 1 == store.sessions(organization_id, EVERYTHING).items[0].calls
    assert 3 == len(proven_envelopes(database_url, organization_id))


def test_telemetry_that_was_merely_watching_does_not_undo_a_block(
    store: Store, organization_id: int
) -> None:
    verdict = ClientVerdict(decision=Decision.BLOCK, risk_level=RiskLevel.CRITICAL)
    blocked = an_event(a_request(client_verdict=verdict), decision=Decision.BLOCK)
    watched = an_event(a_tool_call(dialect="semconv"), decision=Decision.OBSERVE)

    store.write(organization_id, [watched, blocked])

    assert Decision.BLOCK == store.list_events(organization_id, EVERYTHING).items[0].decision


def test_organisations_do_not_see_each_other(store: Store, organization_id: int) -> None:
    store_in_natural_order(store)

    assert 0 == store.list_events(organization_id, EVERYTHING).total
    assert None is store.event(organization_id, both_halves()[0].event_id)
    assert 0 == store.stats(organization_id, EVERYTHING).total


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_as_it_was(store: Store, organization_id: int, text: str) -> None:
    call = a_tool_call(
        session_id=text,
        call_id=text,
        tool=text,
        arguments={text: [text, {"n": 1.5, "big": 2**70, "none": None}]},
        result=text,
        error_message=text,
        extra={"x": text},
        cwd=text,
        actor=an_actor(user_email=text, agent_name=text, host_name=text),
    )
    event = an_event(call, summary=text, reasons=(text,), findings=(a_finding(excerpt=text),))

    store.write(organization_id, [event])

    shown = text.replace("\ud800", "\ufffd")
    column = shown.replace("\x00", "\u2400")
    detail = store.event(organization_id, event.event_id)
    assert detail is not None
    arguments: Json = {shown: [shown, {"n": 1.5, "big": 2**70, "none": None}]}
    assert (arguments, shown, {"x": shown}) == (detail.arguments, detail.result, detail.extra)
    assert (column, column, column) == (detail.row.summary, detail.row.user, detail.row.session_id)
    assert column == detail.findings[0].excerpt
    where = EventFilter(sessions=(text,), users=(text,), agents=(text,))
    assert 1 == store.list_events(organization_id, where).total
    assert 1 == store.sessions(organization_id, where).total


def test_names_longer_than_an_index_holds_are_kept_apart(
    store: Store, organization_id: int, database_url: str
) -> None:
    long = "ä" * 5000
    calls = [
        a_tool_call(session_id=long + end, tool=long, actor=an_actor(user_email=long + end))
        for end in "ab"
    ]

    store.write(organization_id, [an_event(call) for call in calls])

    found = store.sessions(organization_id, EventFilter(users=(long + "a",)))
    assert (1, 2) == (found.total, store.sessions(organization_id, EVERYTHING).total)
    assert 2 == len(proven_envelopes(database_url, organization_id))


@pytest.mark.parametrize("started_ns", [-1, 0, 2**63 - 1])
def test_a_broken_clock_costs_no_event(store: Store, organization_id: int, started_ns: int) -> None:
    store.write(organization_id, [an_event(a_tool_call(started_ns=started_ns, exit_code=2**80))])

    assert 1 == store.list_events(organization_id, EVERYTHING).total
    assert 1 == store.stats(organization_id, EVERYTHING).total


def test_an_event_keeps_its_time_to_the_microsecond(store: Store, organization_id: int) -> None:
    store.write(organization_id, [an_event(a_tool_call(started_ns=NOON_NS + 123_456_789))])

    at = store.list_events(organization_id, EVERYTHING).items[0].at

    assert "2026-09-21T14:13:20.123456+00:00" == at.isoformat()


LEVELS = {
    LoggingLevel.MINIMAL: (False, False, False),
    LoggingLevel.STANDARD: (True, False, True),
    LoggingLevel.FULL: (True, True, True),
    LoggingLevel.PARANOID: (True, True, True),
}


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_a_logging_level_decides_what_is_kept_but_never_whether(
    store: Store, organization_id: int, level: LoggingLevel
) -> None:
    policy = store.policy(organization_id)
    store.save_policy(organization_id, replace(policy, logging_level=level), author="t", note="")

    store.write(organization_id, [an_event(findings=(a_finding(),))])

    detail = store.event(organization_id, an_event().event_id)
    assert detail is not None
    kept = (bool(detail.arguments), detail.result is not None, bool(detail.findings[0].excerpt))
    assert LEVELS[level] == kept
    assert ("echo hello" if kept[0] else "Bash") == detail.row.summary
    assert ("email",) == detail.row.pii_types


def test_a_fact_is_kept_but_counts_as_no_call(store: Store, organization_id: int) -> None:
    store.write(organization_id, [an_event(a_fact()), an_event()])

    session = store.sessions(organization_id, EVERYTHING).items[0]
    fact = store.list_events(organization_id, EventFilter(kinds=(EventKind.SESSION,))).items[0]
    detail = store.event(organization_id, fact.event_id)
    assert (1, "SessionStart") == (session.calls, fact.tool)
    assert detail is not None
    assert {"source": "startup"} == detail.arguments


def test_many_threads_write_each_event_once(
    store: Store, organization_id: int, database_url: str
) -> None:
    """Eight threads send the same 200 calls, both halves, in different orders and batches."""
    events = [an_event(numbered_request(n)) for n in range(200)]
    events += [an_event(numbered_call(n)) for n in range(200)]
    problems: list[Exception] = []

    def send(shift: int) -> None:
        mine = events[shift * 50 :] + events[: shift * 50]
        try:
            for start in range(0, len(mine), 16):
                store.write(organization_id, mine[start : start + 16])
        except Exception as problem:  # noqa: BLE001  shown below
            problems.append(problem)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == problems
    assert 400 == len(proven_envelopes(database_url, organization_id))
    assert 200 == store.list_events(organization_id, EVERYTHING).total
    sessions = store.sessions(organization_id, EVERYTHING).items
    assert [10] * 20 == [session.calls for session in sessions]
    assert 0 == store.stats(organization_id, EVERYTHING).unfinished


def test_two_processes_share_a_database(
    store: Store, organization_id: int, database_url: str
) -> None:
    """A second Store has its own writer and its own caches, as a second process has."""
    second = Store.open(database_url)
    halves = [[an_event(make(n)) for n in range(100)] for make in (numbered_request, numbered_call)]

    def send(into: Store, events: list[AuditEvent]) -> None:
        for start in range(0, len(events), 10):
            into.write(organization_id, events[start : start + 10])

    threads = [
        threading.Thread(target=send, args=(into, half))
        for into in (store, second)
        for half in halves
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()

    assert 200 == len(proven_envelopes(database_url, organization_id))
    assert 100 == store.list_events(organization_id, EVERYTHING).total
