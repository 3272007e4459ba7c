"""The forwarder: to every destination, bounded, patient, and never in anybody's way."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.record import attributes_of
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.receivers.judging import judge_request
from agentaudit_processor.sinks.forward import OtlpForward, Outgoing
from agentaudit_processor.sinks.queue import Waiting
from agentaudit_processor.sinks.seal import put_seals
from agentaudit_processor.sinks.transport import NotTaken, transport_to
from tests.support.forwarding import MemoryTransport, a_destination, a_forward, counted
from tests.support.otlp import a_span, a_trace_request

KEY = b"k" * 32


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def forward(transport: MemoryTransport) -> Iterator[OtlpForward]:
    forward = a_forward(a_destination(transport), outgoing=Outgoing(seal_key=KEY))
    yield forward
    transport.open.set()
    forward.stop()


def offer(forward: OtlpForward, *spans: str) -> None:
    request = a_trace_request(*(a_span(name=name) for name in spans))
    forward.offer(TRACES, request, [])


def offer_judged(forward: OtlpForward, judge: Judge, request: ExportTraceServiceRequest) -> None:
    judged = judge_request(TRACES, request, judge, Policy)
    forward.offer(TRACES, judged.request, judged.enriched)


def names_of(transport: MemoryTransport) -> list[str]:
    return [
        span.name
        for request in transport.traces()
        for span in request.resource_spans[0].scope_spans[0].spans
    ]


def test_what_is_offered_arrives(forward: OtlpForward, transport: MemoryTransport) -> None:
    offer(forward, "a", "b")
    forward.stop()

    assert transport.spans() == 2
    assert counted(forward) == {"exporter_sent_spans": 2}


@pytest.mark.otlp(58)
def test_every_destination_gets_it_and_none_waits_for_another() -> None:
    dead, alive = MemoryTransport(), MemoryTransport()
    dead.open.clear()
    forward = a_forward(a_destination(dead, name="dead"), a_destination(alive, name="alive"))

    offer(forward, "a")

    assert alive.arrived.wait(5)
    assert [] == dead.taken
    dead.open.set()
    forward.stop()
    assert (1, 1) == (alive.spans(), dead.spans())


def test_a_failing_destination_is_tried_again_until_it_takes_the_request(
    forward: OtlpForward, transport: MemoryTransport
) -> None:
    transport.failures = [Unavailable("away"), Unavailable("still away")]

    offer(forward, "a")

    assert transport.arrived.wait(5)
    assert transport.spans() == 1


def test_the_order_is_kept_over_a_failure(transport: MemoryTransport) -> None:
    transport.failures = [Unavailable("away")]
    forward = a_forward(a_destination(transport))

    for name in "abc":
        offer(forward, name)
    forward.stop()

    assert ["a", "b", "c"] == names_of(transport)


def test_what_is_refused_for_good_is_counted_and_told_and_the_next_is_sent(
    transport: MemoryTransport,
) -> None:
    transport.failures = [NotTaken("HTTP 400")]
    lost: list[tuple[str, str, int, str]] = []
    forward = a_forward(a_destination(transport, on_loss=lambda *loss: lost.append(loss)))

    offer(forward, "a", "b")
    offer(forward, "c")
    forward.stop()

    assert transport.spans() == 1
    assert counted(forward) == {"exporter_send_failed_spans": 2, "exporter_sent_spans": 1}
    assert [("otlp_grpc", "traces", 2, "refused: HTTP 400")] == lost


def test_what_the_destination_took_in_part_is_told_and_counted(
    transport: MemoryTransport,
) -> None:
    lost: list[tuple[str, str, int, str]] = []
    transport.refuses = 5  # more than there are
    forward = a_forward(a_destination(transport, on_loss=lambda *loss: lost.append(loss)))

    forward.offer(TRACES, a_trace_request(a_span()), [])
    forward.stop()

    assert counted(forward) == {"exporter_send_failed_spans": 1}
    assert lost == [("otlp_grpc", "traces", 1, "refused by it, of what it took")]


def test_a_fault_in_one_request_does_not_end_forwarding(
    forward: OtlpForward, transport: MemoryTransport
) -> None:
    transport.failures = [RuntimeError("boom")]

    offer(forward, "a")
    offer(forward, "b")
    forward.stop()

    assert transport.spans() == 1


def test_a_dead_destination_makes_nobody_wait_and_keeps_no_more_than_its_room(
    transport: MemoryTransport,
) -> None:
    transport.open.clear()
    lost: list[int] = []
    forward = a_forward(
        a_destination(
            transport, max_bytes=4000, on_loss=lambda _, __, items, ___: lost.append(items)
        )
    )

    for number in range(1000):
        offer(forward, str(number))
    while forward._intake_bytes:  # all were offered to the dead destination
        time.sleep(0.001)
    transport.open.set()
    forward.stop()

    dropped = counted(forward)["exporter_enqueue_failed_spans"]
    assert 900 < dropped < 1000
    assert dropped == sum(lost)
    assert 1000 - dropped == transport.spans()


def test_what_comes_quicker_than_it_is_enriched_is_bounded_too(
    transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    forward = OtlpForward([a_destination(transport)], max_intake_bytes=4000)
    monkeypatch.setattr(forward, "_pass_on", lambda _taken: gate.wait(10))
    forward.start()

    for number in range(100):
        offer(forward, str(number))
    gate.set()
    forward.stop()

    assert 50 < counted(forward)["exporter_enqueue_failed_spans"] < 100


def test_a_queue_that_fails_for_a_while_ends_nothing(
    transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(transport)
    remove, failures = destination.queue.remove, [sqlite3.OperationalError("disk is full")]

    def failing(waiting: Waiting) -> None:
        if failures:
            raise failures.pop()
        remove(waiting)

    monkeypatch.setattr(destination.queue, "remove", failing)
    forward = a_forward(destination)

    offer(forward, "a")
    offer(forward, "b")
    forward.stop()

    assert {"a", "b"} == set(names_of(transport))
    assert 2 == counted(forward)["exporter_sent_spans"]


def test_giving_up_after_the_longest_time_is_counted() -> None:
    transport = MemoryTransport(*[Unavailable("away")] * 100)
    forward = a_forward(a_destination(transport, first_delay_s=0.01, max_elapsed_s=0.02))

    offer(forward, "a")
    forward.stop()

    assert counted(forward) == {"exporter_send_failed_spans": 1}


def test_stopping_does_not_wait_for_a_dead_destination() -> None:
    transport = MemoryTransport(*[Unavailable("away")] * 100)
    forward = a_forward(a_destination(transport, first_delay_s=60))
    offer(forward, "a")
    begun = time.monotonic()

    forward.stop(grace_s=0.1)

    assert time.monotonic() - begun < 5
    assert counted(forward) == {"exporter_send_failed_items": 1}


def test_what_waits_in_a_file_is_sent_after_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "tempo.queue"
    dead = MemoryTransport(*[Unavailable("away")] * 1000)
    before = a_forward(a_destination(dead, path=path))
    for name in "abc":
        offer(before, name)
    before.stop(grace_s=0.1)
    transport = MemoryTransport()

    after = a_forward(a_destination(transport, path=path))
    offer(after, "d")
    after.stop()

    assert ["a", "b", "c", "d"] == names_of(transport)
    assert {} == counted(before)


def test_calls_are_enriched_and_what_came_round_in_a_loop_is_left_out(
    forward: OtlpForward, transport: MemoryTransport, judge: Judge
) -> None:
    looped = a_span(span_id=b"2" * 8)
    put_seals(looped, KEY, [])

    offer_judged(forward, judge, a_trace_request(a_span(), a_span(name="chat"), looped))
    forward.stop()

    onward = transport.traces()[0].resource_spans[0].scope_spans[0].spans
    assert [span.name for span in onward] == ["execute_tool Bash", "chat"]
    assert attributes_of(onward[0].attributes)[names.RISK_LEVEL] == "low"


def test_nothing_is_sent_when_everything_came_round_in_a_loop(
    forward: OtlpForward, transport: MemoryTransport, judge: Judge
) -> None:
    looped = a_span()
    put_seals(looped, KEY, [])

    offer_judged(forward, judge, a_trace_request(looped))
    forward.stop()

    assert transport.taken == []


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
        transport_to(endpoint, protocol)


def test_what_comes_after_the_stop_is_counted_as_lost() -> None:
    forward = a_forward(a_destination(MemoryTransport()))
    forward.stop(0.5)

    forward.offer(TRACES, a_trace_request(a_span()), [])

    assert counted(forward) == {"exporter_enqueue_failed_spans": 1}
