"""A hook's records and an agent's own telemetry of the same calls, in the store."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_hook.agents import claude_code, codex
from agentaudit_hook.agents.shape import Told
from agentaudit_processor.model import (
    Actor,
    AuditEvent,
    ClientVerdict,
    Decision,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
)
from agentaudit_processor.otlp import LOGS, TRACES, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Caller
from agentaudit_processor.receivers.ingest import Ingest
from tests.support.audit_events import an_event
from tests.support.builders import NOON_NS, a_request, a_tool_call
from tests.support.hook import PAYLOADS, payload
from tests.support.otlp import DefaultPolicy, MemoryGate, hook_logs, hook_traces
from tests.support.otlp_samples import calls_of, request_of

EVERYTHING = EventFilter()
CODEX_PAYLOADS = PAYLOADS.parents[1] / "codex" / "payloads"
SESSION = "claude-code-2.1.330-session"
ALLOWED = ClientVerdict(decision=Decision.ALLOW, risk_level=RiskLevel.LOW)
BLOCKED = ClientVerdict(decision=Decision.BLOCK, risk_level=RiskLevel.CRITICAL)
HASH = "fc09bfe5792440d54111ea896ad7da9c078c7382a3e2c88b379053526041274b"


def hook_records() -> list[ToolCall]:
    """What the hook tells of the calls of the recorded session: their ids in recorded payloads."""
    told: list[ToolCall] = []
    native = calls_of(f"{SESSION}-logs.bin")
    known = {call.call_id: call for call in native if call.dialect == "claude_code"}
    for call in ({call.call_id: call for call in native} | known).values():
        is_refused = call.call_id not in known
        name = f"mcp__{call.mcp_server}__{call.tool_name}" if call.mcp_server else call.tool_name
        same = {
            "session_id": call.session_id,
            "tool_use_id": call.call_id,
            "tool_name": name,
            "tool_input": dict(call.arguments),
        }
        asked = heard(payload("PreToolUse-Bash", **same), call.started_ns).requested
        assert asked is not None
        told.append(replace(asked, client_verdict=BLOCKED if is_refused else ALLOWED))
        if not is_refused:
            failed = call.outcome is Outcome.FAILURE
            template = "PostToolUseFailure-Bash" if failed else "PostToolUse-Bash"
            told += heard(payload(template, **same), call.ended_ns or 0).ended
    return told


def heard(body: dict[str, Any], at_ns: int) -> Any:
    return claude_code.parse(
        Told(
            verb="event",
            body=json.dumps(body).encode(),
            at_ns=at_ns,
            cwd="",
            env={},
            user_name="alice",
        )
    )


def tellers(judge: Judge, store: Store, organization_id: int) -> list[Callable[[], None]]:
    """Three ways in which the session is told, each ready to be sent: hook, log events, spans."""
    ingest = Ingest(gate=MemoryGate(), policies=DefaultPolicy(), judge=judge, store=store)
    caller = Caller(organization_id=organization_id, key_id=1, role="ingest")

    def send(signal: Signal, request: Any) -> None:
        taken = ingest.take(signal, caller, request)
        assert (0, "") == (taken.rejected, taken.message)

    def hook() -> None:
        records = hook_records()
        send(LOGS, hook_logs(*records))
        send(TRACES, hook_traces(*records))

    return [
        hook,
        lambda: send(LOGS, request_of(f"{SESSION}-logs.bin")),
        lambda: send(TRACES, request_of(f"{SESSION}-traces.bin")),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_session_told_by_hook_logs_and_spans_has_one_event_a_call(
    judge: Judge, store: Store, organization_id: int, order: tuple[int, ...]
) -> None:
    tell = tellers(judge, store, organization_id)
    ids = {call.call_id for call in calls_of(f"{SESSION}-logs.bin")}

    for place in order:
        tell[place]()

    rows = store.list_events(organization_id, EVERYTHING).items
    details = [store.event(organization_id, row.event_id) for row in rows]
    assert ids == {detail.call_id for detail in details if detail}
    assert (11, 11) == (len(ids), len(rows))
    assert {("agentaudit", Phase.ENDED)} == {(row.dialect, row.phase) for row in rows if row}
    assert {"alice"} == {(detail.user_name or "") for detail in details if detail}
    [session] = store.sessions(organization_id, EVERYTHING).items
    assert (11, 1) == (session.calls, session.blocked)
    stats = store.stats(organization_id, EVERYTHING)
    assert (11, 0) == (stats.total, stats.unfinished)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_each_source_adds_what_only_it_knows_in_any_order(
    judge: Judge, store: Store, organization_id: int, order: tuple[int, ...]
) -> None:
    tell = tellers(judge, store, organization_id)

    for place in order:
        tell[place]()

    rows = {row.summary: row for row in store.list_events(organization_id, EVERYTHING).items}
    refused = store.event(organization_id, rows["rm -rf /home/dev/victim"].event_id)
    assert refused is not None
    assert (Decision.BLOCK, Outcome.FAILURE) == (refused.row.decision, refused.row.outcome)
    assert {"answer": "reject", "source": "hook", "by": "hook"} == refused.extra["permission"]
    inner = store.event(organization_id, rows["echo in-sub"].event_id)
    assert inner is not None
    assert "bypass" == inner.extra["permission"]["by"]
    assert "PostToolUse" == inner.extra["hook_event_name"]
    assert "/home/dev/project/sub" == inner.cwd
    assert "stdout" in (inner.result or {})


def test_telemetry_alone_tells_the_session_too(
    judge: Judge, store: Store, organization_id: int
) -> None:
    _, log_events, spans = tellers(judge, store, organization_id)

    spans()
    log_events()

    rows = store.list_events(organization_id, EVERYTHING).items
    assert 11 == len(rows)
    outcomes = sorted(row.outcome for row in rows)
    assert [Outcome.FAILURE] * 2 + [Outcome.SUCCESS] * 9 == outcomes
    assert [Decision.DENIED] == [row.decision for row in rows if row.decision != "observe"]
    assert 0 == store.stats(organization_id, EVERYTHING).unfinished


@pytest.mark.parametrize("hook_first", [True, False])
def test_codexs_telemetry_tells_how_a_call_ended_that_its_hook_knows_nothing_of(
    judge: Judge, store: Store, organization_id: int, hook_first: bool
) -> None:
    """Both recorded in one run of the real client, so that session and call ids are its own."""
    records: list[ToolCall] = []
    for event in ("PreToolUse", "PostToolUse"):
        body = (CODEX_PAYLOADS / f"{event}-Bash-exit3.json").read_bytes()
        told = codex.parse(Told(verb="event", body=body, at_ns=NOON_NS, cwd="", env={}))
        records += [*([told.requested] if told.requested else []), *told.ended]
    ingest = Ingest(gate=MemoryGate(), policies=DefaultPolicy(), judge=judge, store=store)
    caller = Caller(organization_id=organization_id, key_id=1, role="ingest")
    steps = [
        lambda: ingest.take(LOGS, caller, hook_logs(*records)),
        lambda: ingest.take(TRACES, caller, hook_traces(*records)),
        lambda: ingest.take(LOGS, caller, request_of("codex-0.169.0-logs.json")),
    ]

    for step in steps if hook_first else steps[::-1]:
        step()

    rows = store.list_events(organization_id, EVERYTHING).items
    [row] = [row for row in rows if row.summary == "exit 3"]
    detail = store.event(organization_id, row.event_id)
    assert detail is not None
    assert ("Bash", "agentaudit", {"command": "exit 3"}) == (
        row.tool,
        row.dialect,
        detail.arguments,
    )
    assert (Outcome.FAILURE, 3) == (row.outcome, detail.exit_code)
    assert {"answer": "approved", "source": "Config", "by": "config"} == detail.extra["permission"]
    assert (2, 1) == (len(rows), len({row.session_id for row in rows}))


def telemetry(**fields: Any) -> AuditEvent:
    """What an agent itself tells of the same call: no content, another user."""
    native = {
        "dialect": "claude_code",
        "arguments": {},
        "result": None,
        "cwd": None,
        "exit_code": None,
        "actor": Actor(agent_name="claude-code", user_id=HASH),
        "extra": {"permission": {"answer": "accept", "by": "user"}},
    }
    call = a_tool_call(**native | fields)
    return an_event(call, summary="Bash()", decision=Decision.OBSERVE)


@pytest.mark.parametrize("hook_first", [True, False])
def test_a_request_of_the_hook_keeps_its_content_when_only_telemetry_tells_the_end(
    store: Store, organization_id: int, hook_first: bool
) -> None:
    asked = an_event(a_request(client_verdict=ALLOWED))
    events = [asked, telemetry(outcome=Outcome.FAILURE, error_type="tool_error")]

    for event in events if hook_first else events[::-1]:
        store.write(organization_id, [event])

    detail = store.event(organization_id, asked.event_id)
    assert detail is not None
    assert (Phase.ENDED, Outcome.FAILURE) == (detail.row.phase, detail.row.outcome)
    assert ("tool_error", 60) == (detail.error_type, detail.duration_ms)
    assert ({"command": "echo hello"}, "echo hello") == (detail.arguments, detail.row.summary)
    assert (Decision.ALLOW, "alice@example.com") == (detail.row.decision, detail.row.user)
    assert {"answer": "accept", "by": "user"} == detail.extra["permission"]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_what_telemetry_lacks_the_later_hook_fills(
    store: Store, organization_id: int, order: tuple[int, ...]
) -> None:
    asked, ended = an_event(a_request(client_verdict=ALLOWED)), an_event()
    events = [telemetry(), asked, ended]

    for place in order:
        store.write(organization_id, [events[place]])

    detail = store.event(organization_id, ended.event_id)
    assert detail is not None
    assert ({"command": "echo hello"}, 0) == (detail.arguments, detail.exit_code)
    assert {"stdout": "hello", "stderr": ""} == detail.result
    assert ("alice@example.com", "agentaudit") == (detail.row.user, detail.dialect)
    [session] = store.sessions(organization_id, EVERYTHING).items
    assert (1, "alice@example.com") == (session.calls, session.user)


@pytest.mark.parametrize("hook_first", [True, False])
def test_a_call_that_its_user_refused_is_denied_though_our_policy_let_it_through(
    store: Store, organization_id: int, hook_first: bool
) -> None:
    refused = an_event(
        a_tool_call(
            dialect="claude_code.decision",
            outcome=Outcome.FAILURE,
            error_type="permission_denied",
            result=None,
        ),
        decision=Decision.DENIED,
    )
    events = [an_event(a_request(client_verdict=ALLOWED)), refused]

    for event in events if hook_first else events[::-1]:
        store.write(organization_id, [event])

    [row] = store.list_events(organization_id, EVERYTHING).items
    assert (Decision.DENIED, Phase.ENDED) == (row.decision, row.phase)


@pytest.mark.parametrize("hook_first", [True, False])
def test_a_session_is_its_persons_though_telemetry_knows_a_digest_only(
    store: Store, organization_id: int, hook_first: bool
) -> None:
    events = [an_event(a_tool_call(call_id="toolu_2")), telemetry(call_id="toolu_1")]

    for event in events if hook_first else events[::-1]:
        store.write(organization_id, [event])

    [session] = store.sessions(organization_id, EVERYTHING).items
    assert (2, "alice@example.com") == (session.calls, session.user)
