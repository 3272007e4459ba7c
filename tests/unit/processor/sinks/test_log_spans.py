"""A call that was told in a log record goes on as a span, where the operator wants it."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.normalise import activity_of_span
from agentaudit_processor.dialects.record import Source, attributes_of
from agentaudit_processor.model import Phase
from agentaudit_processor.otlp import LOGS, TRACES, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.judging import JudgedRequest, judge_request
from agentaudit_processor.sinks.forward import Outgoing, onward
from agentaudit_processor.sinks.seal import is_sealed
from tests.support.builders import a_fact, a_request
from tests.support.otlp import hook_logs
from tests.support.otlp_samples import calls_of, request_of

KEY = b"k" * 32
CODEX = "codex-0.169.0-logs.bin"


def judged(judge: Judge, sample: str) -> JudgedRequest:
    return judge_request(LOGS, request_of(sample), judge, Policy)


def told(judge: Judge, sample: str, *, with_log_spans: bool = True) -> dict[Signal, bytes]:
    one = judged(judge, sample)
    outgoing = Outgoing(with_log_spans=with_log_spans, seal_key=KEY)
    return {signal: body for signal, _, body in onward(LOGS, one.request, one.enriched, outgoing)}


def spans_in(request: ExportTraceServiceRequest) -> list[Span]:
    return [s for held in request.resource_spans for scope in held.scope_spans for s in scope.spans]


def test_each_ended_call_of_codex_is_a_span_with_its_ids_and_times(judge: Judge) -> None:
    ended = [call for call in calls_of(CODEX) if call.phase is Phase.ENDED]

    spans = spans_in(ExportTraceServiceRequest.FromString(told(judge, CODEX)[TRACES]))

    assert [(call.trace_id, call.span_id, call.started_ns, call.ended_ns) for call in ended] == [
        (
            span.trace_id.hex(),
            span.span_id.hex(),
            span.start_time_unix_nano,
            span.end_time_unix_nano,
        )
        for span in spans
    ]
    assert ended


def test_such_a_span_bears_verdict_and_seal_and_reads_as_the_same_call(judge: Judge) -> None:
    first = next(call for call in calls_of(CODEX) if call.phase is Phase.ENDED)

    request = ExportTraceServiceRequest.FromString(told(judge, CODEX)[TRACES])
    span = spans_in(request)[0]
    found = attributes_of(span.attributes)
    again = activity_of_span(span, Source(resource={}, scope=names.PROCESSOR_SCOPE))

    assert "codex" == found[names.SOURCE_DIALECT]
    assert found[names.RISK_LEVEL] in ("low", "medium", "high", "critical")
    assert is_sealed(span, KEY)
    assert again is not None
    assert (first.session_id, first.call_id, first.tool_name, first.outcome) == (
        again.session_id,
        again.call_id,  # type: ignore[union-attr]
        again.tool_name,  # type: ignore[union-attr]
        again.outcome,  # type: ignore[union-attr]
    )
    resource = attributes_of(request.resource_spans[0].resource.attributes)
    assert "codex" == resource[names.SERVICE_NAME]


def test_a_failed_call_is_a_span_in_error(judge: Judge) -> None:
    request = request_of(CODEX)
    for held in request.resource_logs:
        for scope in held.scope_logs:
            for record in scope.log_records:
                for pair in record.attributes:
                    if pair.key == "success":
                        pair.value.string_value = "false"
    one = judge_request(LOGS, request, judge, Policy)

    bodies = {
        signal: body
        for signal, _, body in onward(
            LOGS, one.request, one.enriched, Outgoing(with_log_spans=True)
        )
    }

    spans = spans_in(ExportTraceServiceRequest.FromString(bodies[TRACES]))
    assert {Status.STATUS_CODE_ERROR} == {span.status.code for span in spans}


def test_unless_asked_for_no_span_is_made(judge: Judge) -> None:
    assert [LOGS] == list(told(judge, CODEX, with_log_spans=False))


def test_neither_requests_nor_facts_become_spans(judge: Judge) -> None:
    request = hook_logs(a_request(), a_fact())
    one = judge_request(LOGS, request, judge, Policy)

    sent = onward(LOGS, one.request, one.enriched, Outgoing(with_log_spans=True))

    assert [LOGS] == [signal for signal, _, _ in sent]
