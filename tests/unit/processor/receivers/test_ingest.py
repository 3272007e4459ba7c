"""From a decoded request to its ack."""

import time
from typing import Any

import pytest

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects import record
from agentaudit_processor.model import AuditEvent, RiskLevel, ToolCall
from agentaudit_processor.otlp import LOGS, TRACES, Request, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Caller, Unavailable
from agentaudit_processor.receivers import judging, reading
from agentaudit_processor.receivers.failures import Failure
from agentaudit_processor.receivers.unjudged import RULE_ID
from agentaudit_processor.sinks.enrich import Enriched
from tests.support.builders import a_fact, a_tool_call
from tests.support.otlp import (
    ORGANIZATION,
    a_rig,
    a_span,
    a_trace_request,
    hook_logs,
    hook_traces,
    pairs,
)

CALLER = Caller(organization_id=ORGANIZATION, key_id=1, role="ingest")


class KeptForward:
    """Keeps what it is offered."""

    def __init__(self) -> None:
        self.offered: list[tuple[Signal, Request, list[Enriched]]] = []

    def offer(
        self, signal: Signal, request: Request, enriched: list[Enriched], *_along: object
    ) -> None:
        self.offered.append((signal, request, enriched))


def two_calls(second_command: str = "ls") -> tuple[ToolCall, ToolCall]:
    return a_tool_call(), a_tool_call(call_id="toolu_2", arguments={"command": second_command})


def test_every_call_of_a_request_is_judged_and_stored_for_its_senders_organisation(
    judge: Judge,
) -> None:
    rig = a_rig(judge)
    calls = two_calls()

    taken = rig.ingest.take(TRACES, CALLER, hook_traces(*calls))

    assert (taken.rejected, taken.message) == (0, "")
    assert [event.activity for event in rig.store.events(ORGANIZATION)] == list(calls)
    assert all(isinstance(event, AuditEvent) for event in rig.store.events())


def test_the_calls_of_a_request_too_large_for_one_step_are_all_judged_in_their_order(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "IN_STEP", 2)
    rig = a_rig(judge)
    calls = [a_tool_call(call_id=f"toolu_{number}") for number in range(5)]

    rig.ingest.take(TRACES, CALLER, hook_traces(*calls))

    assert calls == [event.activity for event in rig.store.events(ORGANIZATION)]


def test_a_request_of_too_many_spans_is_refused_before_it_is_judged(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "MAX_ITEMS", 1)
    rig = a_rig(judge)

    with pytest.raises(Failure) as caught:
        rig.ingest.take(TRACES, CALLER, hook_traces(*two_calls()))

    assert (413, False) == (caught.value.http_status, caught.value.is_retryable)
    assert [] == rig.store.events()


@pytest.mark.otlp(20)
def test_an_empty_request_is_taken_and_nothing_is_stored(judge: Judge) -> None:
    rig = a_rig(judge)
    rig.store.is_available = False

    taken = rig.ingest.take(TRACES, CALLER, TRACES.request())

    assert taken.rejected == 0


@pytest.mark.otlp(48)
def test_a_span_that_is_no_tool_call_is_not_stored_and_goes_onward_untouched(judge: Judge) -> None:
    forward = KeptForward()
    rig = a_rig(judge, forward)
    request = a_trace_request(a_span({"gen_ai.operation.name": "chat"}, name="chat"))
    before = request.SerializeToString()

    rig.ingest.take(TRACES, CALLER, request)

    assert rig.store.events() == []
    assert [(r.SerializeToString(), e) for _, r, e in forward.offered] == [(before, [])]


@pytest.mark.otlp(22)
def test_one_call_that_breaks_the_judge_costs_neither_itself_nor_the_others(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    examine_all = judge.examine_all

    def broken(activities: Any, **options: Any) -> Any:
        if any(activity.arguments["command"] == "boom" for activity in activities):
            raise RecursionError("hunter2")
        return examine_all(activities, **options)

    monkeypatch.setattr(judge, "examine_all", broken)
    rig = a_rig(judge)

    taken = rig.ingest.take(TRACES, CALLER, hook_traces(*two_calls("boom")))

    good, bad = rig.store.events()
    assert good.activity == two_calls()[0]
    assert isinstance(bad.activity, ToolCall)
    assert bad.activity.call_id == "toolu_2"
    assert "boom" not in repr(bad)
    assert [finding.rule_id for finding in bad.findings] == [RULE_ID]
    assert bad.verdict.risk_level == RiskLevel.HIGH
    assert "RecursionError" in bad.verdict.reasons[0]
    assert rig.ingest.tally.snapshot()["processor_judge_failures"] == 1
    assert 0 == taken.rejected
    assert taken.message.startswith("1 could not be judged")


def test_a_fact_that_breaks_the_judge_is_recorded_without_its_data(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "examine_all", lambda *_, **__: 1 / 0)
    rig = a_rig(judge)

    rig.ingest.take(LOGS, CALLER, hook_logs(a_fact(data={"prompt": "hunter2"})))

    assert len(rig.store.events()) == 1
    assert "hunter2" not in repr(rig.store.events())


@pytest.mark.otlp(31)
def test_nothing_goes_onward_that_was_not_stored(judge: Judge) -> None:
    forward = KeptForward()
    rig = a_rig(judge, forward)
    rig.store.is_available = False

    with pytest.raises(Unavailable):
        rig.ingest.take(TRACES, CALLER, hook_traces(a_tool_call()))

    assert forward.offered == []


def test_refused_spans_are_taken_out_before_the_rest_goes_onward(judge: Judge) -> None:
    forward = KeptForward()
    rig = a_rig(judge, forward)
    good, other = a_span(), a_span({"gen_ai.tool.call.id": "2"}, span_id=b"2" * 8)
    request = a_trace_request(a_span(trace_id=b""), good, a_span(span_id=b"x"), other)

    taken = rig.ingest.take(TRACES, CALLER, request)

    _, onward, enriched = forward.offered[0]
    assert taken.rejected == 2
    assert TRACES.count(onward) == 2
    assert [one.item.span_id for one in enriched] == [good.span_id, other.span_id]
    counted = rig.ingest.tally.snapshot()
    assert (2, 2) == (counted["receiver_accepted_spans"], counted["receiver_refused_spans"])
    assert 2 == counted["events"]


def test_a_broken_record_of_ours_is_refused_with_the_reason_and_the_others_are_taken(
    judge: Judge,
) -> None:
    rig = a_rig(judge)
    request = hook_logs(a_fact(), a_fact(fact_id="fact-2"))
    records = request.resource_logs[0].scope_logs[0].log_records
    records[0].attributes.remove(
        next(pair for pair in records[0].attributes if pair.key == "agentaudit.fact.kind")
    )

    taken = rig.ingest.take(LOGS, CALLER, request)

    assert taken.rejected == 1
    assert "agentaudit.fact.kind" in taken.message
    assert [event.activity for event in rig.store.events()] == [a_fact(fact_id="fact-2")]


def test_a_record_that_breaks_its_dialect_costs_itself_alone(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read = reading.activity_of_span

    def broken(span: Any, source: Any) -> Any:
        if span.name == "execute_tool boom":
            raise IndexError("hunter2")
        return read(span, source)

    monkeypatch.setattr(reading, "activity_of_span", broken)
    rig = a_rig(judge)

    taken = rig.ingest.take(TRACES, CALLER, hook_traces(*two_calls(), a_tool_call("boom")))

    assert taken.rejected == 1
    assert taken.message == "could not be read: IndexError"
    assert len(rig.store.events()) == 2
    assert "hunter2" not in taken.message


def test_a_span_that_says_it_was_judged_already_is_judged_all_the_same(judge: Judge) -> None:
    rig = a_rig(judge)
    marked = a_span({"agentaudit.processor.version": "9.9", "agentaudit.risk.level": "low"})

    rig.ingest.take(TRACES, CALLER, a_trace_request(marked))

    assert len(rig.store.events()) == 1


def test_what_the_store_could_not_take_is_counted_as_refused(judge: Judge) -> None:
    rig = a_rig(judge)
    rig.store.is_available = False

    with pytest.raises(Unavailable):
        rig.ingest.take(TRACES, CALLER, hook_traces(*two_calls()))

    counted = rig.ingest.tally.snapshot()
    assert 2 == counted["receiver_refused_spans"]
    assert "receiver_accepted_spans" not in counted
    assert "receiver_failed_spans" not in counted


@pytest.mark.parametrize("at_fault", ["policies", "store"])
def test_what_a_fault_of_ours_cost_is_counted_as_failed(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, at_fault: str
) -> None:
    rig = a_rig(judge)
    place = rig.store if at_fault == "store" else rig.ingest._policies
    monkeypatch.setattr(place, "write" if at_fault == "store" else "current", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        rig.ingest.take(TRACES, CALLER, hook_traces(*two_calls()))

    counted = rig.ingest.tally.snapshot()
    assert 2 == counted["receiver_failed_spans"]
    assert not {"receiver_accepted_spans", "receiver_refused_spans"} & counted.keys()


@pytest.mark.otlp(22)
def test_a_sender_whose_clock_is_ahead_is_warned_and_nothing_of_it_is_refused(judge: Judge) -> None:
    rig = a_rig(judge)
    later_ns = time.time_ns() + 3_600_000_000_000
    ahead = a_span(start_time_unix_nano=later_ns, end_time_unix_nano=later_ns)

    taken = rig.ingest.take(TRACES, CALLER, a_trace_request(ahead))

    assert 0 == taken.rejected
    assert "the sender's clock is ahead: times lie up to 3,5" in taken.message
    assert 1 == len(rig.store.events())


@pytest.mark.parametrize(
    ("outer_name", "events"),
    [("save_note", ["outer"]), ("notes_save_note", ["outer"]), ("run_code", ["inner", "outer"])],
)
def test_a_call_that_a_framework_and_its_mcp_client_tell_is_one_event(
    judge: Judge, outer_name: str, events: list[str]
) -> None:
    outer = a_span({names.TOOL_NAME: outer_name, names.TOOL_CALL_ID: "outer"})
    inner = a_span(span_id=b"i" * 8, parent_span_id=outer.span_id, name="tools/call save_note")
    del inner.attributes[:]
    told = {"mcp.method.name": "tools/call", names.TOOL_NAME: "save_note"}
    inner.attributes.extend(pairs(told | {names.TOOL_CALL_ID: "inner"}))
    request = a_trace_request(inner)
    request.resource_spans[0].scope_spans.add().spans.append(outer)
    rig = a_rig(judge)

    rig.ingest.take(TRACES, CALLER, request)

    assert events == [event.activity.call_id for event in rig.store.events()]  # type: ignore[union-attr]


def test_a_resource_is_read_once_however_many_scopes_it_has(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    texts_of = record.texts_of

    def counted(told: record.Attributes) -> dict[str, str]:
        read.append(told.get("service.name"))
        return texts_of(told)

    monkeypatch.setattr(record, "texts_of", counted)
    request = a_trace_request(a_span(), resource={"service.name": "bot"})
    for number in range(50):
        span = a_span({names.TOOL_CALL_ID: str(number)}, span_id=number.to_bytes(8, "big") or b"x")
        request.resource_spans[0].scope_spans.add().spans.append(span)
    rig = a_rig(judge)

    rig.ingest.take(TRACES, CALLER, request)

    agents = {event.activity.actor.agent_name for event in rig.store.events()}
    assert {"bot"} == agents
    assert 1 == read.count("bot")
