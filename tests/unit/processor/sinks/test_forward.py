"""The forwarder's queue: bounded, patient, and never in anybody's way."""

import threading
import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.normalise import activity_of_span
from agentaudit_processor.dialects.record import Source, attributes_of
from agentaudit_processor.otlp import TRACES, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.sinks.enrich import Enriched
from agentaudit_processor.sinks.forward import OtlpForward
from agentaudit_processor.sinks.transport import NotTaken, transport_to
from tests.support.otlp import a_span, a_trace_request


class Destination:
    """A transport that keeps what it takes, and fails as it is told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.taken: list[bytes] = []
        self.arrived = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def send(self, signal: Signal, body: bytes) -> None:
        self.open.wait(10)
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(body)
        self.arrived.set()

    def close(self) -> None:
        """Nothing to let go of."""

    def spans(self) -> int:
        return sum(TRACES.count(ExportTraceServiceRequest.FromString(body)) for body in self.taken)


@pytest.fixture
def destination() -> Destination:
    return Destination()


@pytest.fixture
def forward(destination: Destination) -> Iterator[OtlpForward]:
    forward = OtlpForward(destination, first_delay_s=0.01, max_queued_bytes=4000)
    forward.run()
    yield forward
    destination.open.set()
    forward.stop()


def offer(forward: OtlpForward, *spans: str) -> None:
    request = a_trace_request(*(a_span(name=name) for name in spans))
    forward.offer(TRACES, request, [])


def test_what_is_offered_arrives(forward: OtlpForward, destination: Destination) -> None:
    offer(forward, "a", "b")
    forward.stop()

    assert destination.spans() == 2
    assert forward.tally.snapshot() == {"exporter_sent_spans": 2}


def test_a_failing_destination_is_tried_again_until_it_takes_the_request(
    forward: OtlpForward, destination: Destination
) -> None:
    destination.failures = [Unavailable("away"), Unavailable("still away")]

    offer(forward, "a")

    assert destination.arrived.wait(5)
    assert destination.spans() == 1


def test_what_is_refused_for_good_is_counted_and_the_next_is_sent(
    forward: OtlpForward, destination: Destination
) -> None:
    destination.failures = [NotTaken("HTTP 400")]

    offer(forward, "a", "b")
    offer(forward, "c")
    forward.stop()

    assert destination.spans() == 1
    assert forward.tally.snapshot() == {
        "exporter_send_failed_spans": 2,
        "exporter_sent_spans": 1,
    }


def test_a_fault_in_one_request_does_not_end_forwarding(
    forward: OtlpForward, destination: Destination
) -> None:
    destination.failures = [RuntimeError("boom")]

    offer(forward, "a")
    offer(forward, "b")
    forward.stop()

    assert destination.spans() == 1


def test_a_dead_destination_never_makes_anybody_wait_and_costs_bounded_memory(
    forward: OtlpForward, destination: Destination
) -> None:
    destination.open.clear()
    begun = time.monotonic()

    for number in range(1000):
        offer(forward, str(number))

    assert time.monotonic() - begun < 5
    dropped = forward.tally.snapshot()["exporter_enqueue_failed_spans"]
    assert 970 < dropped < 1000


def test_room_is_made_again_when_requests_are_sent(
    forward: OtlpForward, destination: Destination
) -> None:
    for number in range(100):
        destination.arrived.clear()
        offer(forward, str(number))
        assert destination.arrived.wait(5)
        while forward._queued_bytes:
            time.sleep(0.001)

    assert destination.spans() == 100


def test_giving_up_after_the_longest_time_is_counted() -> None:
    destination = Destination(*[Unavailable("away")] * 100)
    forward = OtlpForward(destination, first_delay_s=0.01, max_elapsed_s=0.02)
    forward.run()

    offer(forward, "a")
    forward.stop()

    assert forward.tally.snapshot() == {"exporter_send_failed_spans": 1}


def test_stopping_does_not_wait_for_a_dead_destination() -> None:
    destination = Destination(*[Unavailable("away")] * 100)
    forward = OtlpForward(destination, first_delay_s=60)
    forward.run()
    offer(forward, "a")
    begun = time.monotonic()

    forward.stop(grace_s=0.1)

    assert time.monotonic() - begun < 3
    assert forward.tally.snapshot() == {"exporter_send_failed_spans": 1}


def test_calls_are_enriched_and_what_came_round_in_a_loop_is_left_out(
    forward: OtlpForward, destination: Destination
) -> None:
    forward._max_queued_bytes = 100_000
    fresh, looped = a_span(), a_span({names.PROCESSOR_VERSION: "1"}, span_id=b"2" * 8)
    request = a_trace_request(fresh, a_span(name="chat"), looped)
    spans = request.resource_spans[0].scope_spans[0].spans
    judge, source = Judge.load(), Source(resource={}, scope="x")
    enriched = []
    for place in (0, 2):
        activity = activity_of_span(spans[place], source)
        assert activity is not None
        event = judge.examine(activity).event(Policy())
        enriched.append(Enriched(spans[place], activity, event))

    forward.offer(TRACES, request, enriched)
    forward.stop()

    sent = ExportTraceServiceRequest.FromString(destination.taken[0])
    onward = sent.resource_spans[0].scope_spans[0].spans
    assert [span.name for span in onward] == ["execute_tool Bash", "chat"]
    assert attributes_of(onward[0].attributes)[names.RISK_LEVEL] == "low"


def test_nothing_is_sent_when_everything_came_round_in_a_loop(
    forward: OtlpForward, destination: Destination
) -> None:
    request = a_trace_request(a_span({names.PROCESSOR_VERSION: "1"}))
    span = request.resource_spans[0].scope_spans[0].spans[0]
    activity = activity_of_span(span, Source(resource={}, scope="x"))
    assert activity is not None
    event = Judge.load().examine(activity).event(Policy())

    forward.offer(TRACES, request, [Enriched(span, activity, event)])
    forward.stop()

    assert destination.taken == []


@pytest.mark.parametrize(
    ("endpoint", "protocol", "named"),
    [
        ("collector:4317", "grpc", "collector:4317"),
        ("ftp://host", "grpc", "ftp"),
        ("http://", "grpc", "http"),
        ("http://host:1", "thrift", "thrift"),
    ],
)
def test_an_endpoint_that_cannot_be_used_is_told_at_the_start(
    endpoint: str, protocol: str, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        transport_to(endpoint, protocol, {})
