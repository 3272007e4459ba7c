"""OTLP over gRPC and real sockets: what the specification asks of a receiver."""

import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agentaudit_processor.otlp import LOGS, METRICS, TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers import grpc as receivers_grpc
from agentaudit_processor.receivers.failures import PortTaken
from agentaudit_processor.receivers.grpc import HEALTH_METHOD, GrpcReceiver
from tests.support.builders import a_fact, a_request, a_tool_call
from tests.support.otlp import (
    AUTHORIZATION,
    ORGANIZATION,
    Rig,
    a_span,
    a_trace_request,
    hook_logs,
    hook_traces,
    serving,
)
from tests.support.otlp_calls import KIB, export, refused


@pytest.mark.otlp(1, 18, 31)
def test_grpc_acknowledges_a_span_once_it_is_stored(rig: Rig, channel: grpc.Channel) -> None:
    call = a_tool_call()

    answer = export(channel, hook_traces(call).SerializeToString())

    assert not answer.HasField("partial_success")
    assert [event.activity for event in rig.store.events(ORGANIZATION)] == [call]


@pytest.mark.otlp(1)
def test_grpc_takes_requests_and_facts_as_log_records(rig: Rig, channel: grpc.Channel) -> None:
    sent = [a_request(), a_fact()]

    export(channel, hook_logs(*sent).SerializeToString(), LOGS)

    assert [event.activity for event in rig.store.events()] == sent


@pytest.mark.otlp(1, 57)
def test_grpc_takes_and_counts_metrics(rig: Rig, channel: grpc.Channel) -> None:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    metric.sum.data_points.add(as_int=1)
    metric.sum.data_points.add(as_int=2)

    export(channel, request.SerializeToString(), METRICS)

    counted = rig.ingest.tally.snapshot()
    assert counted == {
        "receiver_accepted_metric_points": 2,
        "processor_incoming_items": 2,
        "receiver_requests": 1,
    }


@pytest.mark.otlp(9)
def test_grpc_takes_gzip(rig: Rig, channel: grpc.Channel) -> None:
    body = hook_traces(a_tool_call()).SerializeToString()

    export(channel, body, compression=grpc.Compression.Gzip)

    assert len(rig.store.events()) == 1


@pytest.mark.otlp(55)
@pytest.mark.parametrize("authorization", [None, "Bearer aa_live_wrong", "Basic YTpi"])
def test_grpc_refuses_a_wrong_key_in_words_that_help(
    rig: Rig, channel: grpc.Channel, authorization: str | None
) -> None:
    error = refused(channel, b"\xff not even a message", authorization=authorization)

    assert error.code() == grpc.StatusCode.UNAUTHENTICATED
    assert "API key" in error.details()
    assert rig.store.events() == []


def test_grpc_refuses_a_key_that_may_not_write(channel: grpc.Channel) -> None:
    error = refused(channel, b"", authorization="Bearer reader")

    assert error.code() == grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.otlp(55)
def test_grpc_refuses_a_wrong_key_without_waiting_for_the_body(channel: grpc.Channel) -> None:
    export_slowly = channel.stream_unary(TRACES.method, None, None)

    def never() -> Iterator[bytes]:
        threading.Event().wait(5)
        yield b""

    with pytest.raises(grpc.RpcError) as error:
        export_slowly(never(), timeout=3)

    assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_a_sender_that_falls_silent_keeps_no_worker(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivers_grpc, "BODY_TIMEOUT_S", 0.3)
    silent = threading.Event()

    def never() -> Iterator[bytes]:
        silent.wait(10)
        yield b""

    with (
        serving(lambda: rig.grpc(threads=1)) as receiver,
        grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel,
    ):
        stuck = channel.stream_unary(TRACES.method, None, None).future(
            never(), metadata=(("authorization", AUTHORIZATION),)
        )
        export(channel, hook_traces(a_tool_call()).SerializeToString())
        code = stuck.exception(timeout=5).code()
        silent.set()

    assert code == grpc.StatusCode.CANCELLED
    assert len(rig.store.events()) == 1


@pytest.mark.otlp(24)
def test_grpc_answers_a_broken_body_with_invalid_argument(channel: grpc.Channel) -> None:
    error = refused(channel, b"\xff\xff")

    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.otlp(14, 15)
@pytest.mark.parametrize(
    "compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip], ids=["plain", "gzip"]
)
def test_grpc_answers_a_body_over_the_limit_with_resource_exhausted(
    channel: grpc.Channel, compression: grpc.Compression
) -> None:
    big = a_trace_request(a_span({"filler": "x" * 65 * KIB})).SerializeToString()

    error = refused(channel, big, compression=compression)

    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.otlp(23, 26, 29)
def test_grpc_asks_to_try_again_while_the_store_is_away(rig: Rig, channel: grpc.Channel) -> None:
    rig.store.is_available = False

    error = refused(channel, hook_traces(a_tool_call()).SerializeToString())

    assert error.code() == grpc.StatusCode.UNAVAILABLE
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert "RetryInfo" in Status.FromString(details).details[0].type_url


def test_grpc_asks_to_try_again_while_keys_cannot_be_checked(
    rig: Rig, channel: grpc.Channel
) -> None:
    rig.gate.is_available = False

    assert refused(channel, b"").code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.otlp(28, 30)
def test_grpc_asks_to_try_again_after_a_fault_that_nobody_foresaw(
    rig: Rig, channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.store, "write", lambda *_: 1 / 0)

    error = refused(channel, hook_traces(a_tool_call()).SerializeToString())

    assert error.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.otlp(21, 46)
def test_grpc_takes_the_good_spans_and_counts_the_bad_ones(rig: Rig, channel: grpc.Channel) -> None:
    spans = [
        a_span(trace_id=b"short"),
        a_span(),
        a_span(trace_id=b"\0" * 16),
        a_span(span_id=b""),
        a_span({"gen_ai.tool.call.id": "call-2"}, span_id=b"2" * 8),
    ]

    answer: ExportTraceServiceResponse = export(
        channel, a_trace_request(*spans).SerializeToString()
    )

    assert answer.partial_success.rejected_spans == 3
    assert "trace_id" in answer.partial_success.error_message
    assert [event.activity.call_id for event in rig.store.events()] == ["call-1", "call-2"]  # type: ignore[union-attr]


@pytest.mark.otlp(2)
def test_an_unknown_grpc_method_is_unimplemented_and_the_server_lives_on(
    rig: Rig, channel: grpc.Channel
) -> None:
    unknown = channel.unary_unary("/opentelemetry.proto.collector.profiles.v1/Export", None, None)

    with pytest.raises(grpc.RpcError) as error:
        unknown(b"", timeout=5)
    export(channel, b"")

    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.otlp(60)
def test_grpc_tells_that_it_is_healthy(channel: grpc.Channel) -> None:
    assert channel.unary_unary(HEALTH_METHOD, None, None)(b"", timeout=5) == b"\x08\x01"


def test_a_taken_grpc_port_is_told(rig: Rig) -> None:
    with serving(rig.grpc) as receiver, pytest.raises(PortTaken, match=str(receiver.port)):
        GrpcReceiver.start(rig.ingest, port=receiver.port)


@pytest.mark.otlp(34)
def test_grpc_finishes_what_is_under_way_when_it_stops(rig: Rig, judge: Judge) -> None:
    begun, go_on = threading.Event(), threading.Event()
    write = rig.store.write

    def slow(*arguments: Any) -> None:
        begun.set()
        go_on.wait(5)
        write(*arguments)

    rig.store.write = slow  # type: ignore[method-assign]
    receiver = rig.grpc()
    with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
        call = channel.unary_unary(TRACES.method, None, None).future(
            hook_traces(a_tool_call()).SerializeToString(),
            metadata=(("authorization", AUTHORIZATION),),
        )
        begun.wait(5)
        stopping = threading.Thread(target=receiver.stop, args=(5.0,))
        stopping.start()
        go_on.set()

        assert call.result(timeout=5) == b""
        stopping.join(5)
    assert len(rig.store.events()) == 1
