"""What a sender says under our names goes no further, wherever it stands; all else does."""

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.record import attributes_of
from agentaudit_processor.otlp import LOGS, METRICS, TRACES, Request, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.judging import judge_request
from agentaudit_processor.sinks.claims import delete_where
from agentaudit_processor.sinks.forward import Outgoing, onward
from tests.support.builders import a_fact, a_request, a_tool_call
from tests.support.otlp import a_span, a_trace_request, hook_logs, hook_traces, pairs

FORGED = {
    names.RISK_LEVEL: "low",
    names.PROCESSOR_VERSION: "9",
    names.HOOK_DECISION: "allow",
    "agentaudit.of.another.day": "x",
}
KEPT = {"agentauditor": "not ours", "a.agentaudit.risk": "nor this"}


def forwarded(judge: Judge, signal: Signal, request: Request) -> dict[Signal, Request]:
    judged = judge_request(signal, request, judge, Policy)
    told = onward(signal, judged.request, judged.enriched, Outgoing())
    return {one: one.request.FromString(body) for one, _, body in told}


def test_a_claim_is_taken_out_of_every_part_of_a_span_that_is_no_tool_call(judge: Judge) -> None:
    said = pairs(FORGED | KEPT)
    part = Span.Event(name="e", attributes=said)
    link = Span.Link(trace_id=b"l" * 16, span_id=b"l" * 8, attributes=said)
    span = Span(
        name="chat",
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        attributes=said,
        events=[part],
        links=[link],
    )
    request = a_trace_request(span, resource=FORGED | KEPT)
    request.resource_spans[0].scope_spans[0].scope.attributes.extend(said)

    onward_request = forwarded(judge, TRACES, request)[TRACES]

    assert isinstance(onward_request, ExportTraceServiceRequest)
    (held,) = onward_request.resource_spans
    (scope,) = held.scope_spans
    (sent,) = scope.spans
    holders: list[Any] = [held.resource, scope.scope, sent, sent.events[0], sent.links[0]]
    assert [KEPT] * 5 == [attributes_of(one.attributes) for one in holders]


def test_a_claim_on_a_tool_call_gives_way_to_what_was_found(judge: Judge) -> None:
    span = a_span(FORGED | KEPT | {names.TOOL_ARGUMENTS: '{"command": "rm -rf /"}'})

    request = forwarded(judge, TRACES, a_trace_request(span))[TRACES]

    assert isinstance(request, ExportTraceServiceRequest)
    found = attributes_of(request.resource_spans[0].scope_spans[0].spans[0].attributes)
    assert "critical" == found[names.RISK_LEVEL]
    assert KEPT.items() <= found.items()
    assert not {names.HOOK_DECISION, "agentaudit.of.another.day"} & found.keys()


def test_what_the_hook_says_of_its_calls_goes_along(judge: Judge) -> None:
    request = hook_traces(a_tool_call(cwd="/home/me"))

    sent = forwarded(judge, TRACES, request)[TRACES]

    assert isinstance(sent, ExportTraceServiceRequest)
    found = attributes_of(sent.resource_spans[0].scope_spans[0].spans[0].attributes)
    assert "/home/me" == found[names.CWD]
    assert names.HOOK_VERSION in found


def test_the_hooks_log_events_keep_their_names(judge: Judge) -> None:
    sent = forwarded(judge, LOGS, hook_logs(a_request(), a_fact()))[LOGS]

    assert isinstance(sent, ExportLogsServiceRequest)
    told = [one.event_name for one in sent.resource_logs[0].scope_logs[0].log_records]
    assert [names.EVENT_TOOL_REQUESTED, names.EVENT_FACT] == told


@pytest.mark.parametrize("scope", ["some.emitter", names.PROCESSOR_SCOPE])
def test_nobody_elses_log_event_passes_for_ours(judge: Judge, scope: str) -> None:
    request = ExportLogsServiceRequest()
    scope_logs = request.resource_logs.add().scope_logs.add()
    scope_logs.scope.name = scope
    scope_logs.log_records.extend(
        (
            LogRecord(event_name=names.EVENT_DETECTION),
            LogRecord(event_name=names.EVENT_TOOL_REQUESTED, attributes=pairs(FORGED)),
            LogRecord(attributes=pairs({"event.name": names.EVENT_DETECTION})),
            LogRecord(event_name="theirs", attributes=pairs({"event.name": "theirs"})),
        )
    )

    sent = forwarded(judge, LOGS, request)[LOGS]

    assert isinstance(sent, ExportLogsServiceRequest)
    records = sent.resource_logs[0].scope_logs[0].log_records
    told = [(one.event_name, attributes_of(one.attributes)) for one in records]
    assert [("", {}), ("", {}), ("theirs", {"event.name": "theirs"})] == told


def test_a_claim_is_taken_out_of_metrics(judge: Judge) -> None:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    point = metric.gauge.data_points.add(attributes=pairs(FORGED | KEPT))
    point.exemplars.add(filtered_attributes=pairs(FORGED | KEPT))

    sent = forwarded(judge, METRICS, request)[METRICS]

    assert isinstance(sent, ExportMetricsServiceRequest)
    (point,) = sent.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points
    assert KEPT == attributes_of(point.attributes)
    assert KEPT == attributes_of(point.exemplars[0].filtered_attributes)


class CountingList(list[str]):
    """Counts how often something is deleted from it."""

    deletions = 0

    def __delitem__(self, place: Any) -> None:
        self.deletions += 1
        super().__delitem__(place)


def test_however_many_claims_there_are_they_are_taken_out_at_once() -> None:
    words = CountingList(f"{'wrong' if number % 2 else 'right'} {number}" for number in range(100))

    delete_where(words, lambda word: word.startswith("wrong"))

    assert [f"right {number}" for number in range(0, 100, 2)] == words
    assert 1 == words.deletions
