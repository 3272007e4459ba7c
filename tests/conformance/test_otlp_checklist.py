"""Rows of the OTLP checklist that no other test shows, over real sockets."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event, ResponseReceived, TrailersReceived
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from agentaudit_backend.settings import Settings
from agentaudit_processor import attributes as names
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.receivers.failures import failure_of, malformed, too_large
from agentaudit_processor.receivers.grpc import GrpcReceiver
from agentaudit_processor.sinks.transport import Sending, transport_to
from tests.support.builders import a_tool_call
from tests.support.forwarding import MemoryTransport, a_destination, a_forward
from tests.support.otlp import (
    AUTHORIZATION,
    Rig,
    a_rig,
    a_span,
    a_trace_request,
    hook_traces,
    serving,
    value_of,
)
from tests.support.wire import part

METADATA = (("authorization", AUTHORIZATION),)
HEADERS = {"authorization": AUTHORIZATION, "content-type": "application/x-protobuf"}
BODY = hook_traces(a_tool_call()).SerializeToString()


@pytest.fixture
def rig(judge: Judge) -> Rig:
    return a_rig(judge)


@pytest.fixture
def receiver(rig: Rig) -> Iterator[GrpcReceiver]:
    with serving(rig.grpc) as receiver:
        yield receiver


def export(
    port: int, request: ExportTraceServiceRequest | bytes, **headers: str
) -> ExportTraceServiceResponse:
    body = request if isinstance(request, bytes) else request.SerializeToString()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(TRACES.method, None, ExportTraceServiceResponse.FromString)
        metadata = (*METADATA, *headers.items())
        answer: ExportTraceServiceResponse = call(body, metadata=metadata, timeout=20)
        return answer


@pytest.mark.otlp(3)
def test_the_ports_are_otlps_own_and_on_this_machine_only() -> None:
    settings = Settings()

    assert (4317, 4318) == (settings.otlp_grpc_port, settings.otlp_http_port)
    assert settings.is_local


@pytest.mark.otlp(10)
def test_an_unknown_message_encoding_is_refused_and_the_server_lives_on(
    receiver: GrpcReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as connection:
        answered = by_hand(connection, encoding="snappy", message=b"\x01\x00\x00\x00\x01x")

    # gRPC's core answers INTERNAL itself where the specification asks for UNIMPLEMENTED
    assert str(grpc.StatusCode.INTERNAL.value[0]) == answered["grpc-status"]
    assert not export(receiver.port, hook_traces(a_tool_call())).HasField("partial_success")
    assert "Traceback" not in caplog.text


def by_hand(connection: socket.socket, *, encoding: str, message: bytes) -> dict[str, str]:
    """Send one gRPC message as no client library would; gives the answer's headers."""
    http2 = H2Connection(H2Configuration(header_encoding="utf-8"))
    http2.initiate_connection()
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": TRACES.method,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "grpc-encoding": encoding,
        "te": "trailers",
        "authorization": AUTHORIZATION,
    }
    http2.send_headers(1, list(headers.items()))
    http2.send_data(1, message, end_stream=True)
    connection.sendall(http2.data_to_send())
    found: dict[str, str] = {}
    while "grpc-status" not in found and (data := connection.recv(65_536)):
        events: list[Event] = http2.receive_data(data)
        for event in events:
            if isinstance(event, ResponseReceived | TrailersReceived):
                found |= {str(name): str(value) for name, value in event.headers or ()}
        connection.sendall(http2.data_to_send())
    return found


@pytest.mark.otlp(17)
def test_however_many_spans_are_bad_the_answer_stays_small(receiver: GrpcReceiver) -> None:
    bad = [a_span(span_id=b"x", name="n" * 100) for _ in range(5_000)]

    answer = export(receiver.port, a_trace_request(*bad))

    assert 5_000 == answer.partial_success.rejected_spans
    assert answer.ByteSize() < 4_096


@pytest.mark.otlp(29)
@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (Unavailable("x"), grpc.StatusCode.UNAVAILABLE, 503),
        (RuntimeError("x"), grpc.StatusCode.UNAVAILABLE, 503),
        (malformed("x"), grpc.StatusCode.INVALID_ARGUMENT, 400),
        (too_large(1), grpc.StatusCode.RESOURCE_EXHAUSTED, 413),
    ],
)
def test_a_failure_has_matching_codes(error: Exception, code: grpc.StatusCode, status: int) -> None:
    failure = failure_of(error)

    assert (code, status) == (failure.code, failure.http_status)


@pytest.mark.otlp(32)
def test_the_same_span_again_adds_nothing(rig: Rig, receiver: GrpcReceiver) -> None:
    for _ in range(3):
        export(receiver.port, hook_traces(a_tool_call()))

    assert 1 == len({event.event_id for event in rig.store.events()})


@pytest.mark.otlp(35)
def test_an_http_connection_is_kept(rig: Rig) -> None:
    with serving(rig.http) as receiver:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
        used = set()
        for _ in range(3):
            connection.request("POST", "/v1/traces", BODY, HEADERS)
            answer = connection.getresponse()
            answer.read()
            assert 200 == answer.status
            used.add(connection.sock.getsockname())
        connection.close()

    assert 1 == len(used)


@pytest.mark.otlp(36)
def test_a_call_whose_sender_gave_up_is_not_taken(rig: Rig) -> None:
    entered, gate = threading.Event(), threading.Event()
    write = rig.store.write

    def slow(organization_id: int, events: object) -> None:
        entered.set()
        gate.wait(20)
        write(organization_id, events)  # type: ignore[arg-type]

    rig.store.write = slow  # type: ignore[method-assign]
    with (
        serving(lambda: rig.grpc(threads=1)) as receiver,
        grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel,
    ):
        call = channel.unary_unary(TRACES.method, None, None)
        first = call.future(BODY, metadata=METADATA, timeout=20)
        assert entered.wait(10)
        late = hook_traces(a_tool_call(call_id="late")).SerializeToString()
        with pytest.raises(grpc.RpcError) as given_up:
            call(late, metadata=METADATA, timeout=0.3)
        gate.set()
        first.result(20)
        last = hook_traces(a_tool_call(call_id="last")).SerializeToString()
        call(last, metadata=METADATA, timeout=20)

    assert grpc.StatusCode.DEADLINE_EXCEEDED == given_up.value.code()
    told = [event.activity.call_id for event in rig.store.events()]  # type: ignore[union-attr]
    assert "late" not in told
    assert "last" in told


@pytest.mark.otlp(37)
def test_an_old_connection_is_closed_and_no_call_is_lost(rig: Rig) -> None:
    states: list[grpc.ChannelConnectivity] = []
    with (
        serving(lambda: rig.grpc(max_connection_age_s=0.3)) as receiver,
        grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel,
    ):
        channel.subscribe(states.append)
        call = channel.unary_unary(TRACES.method, None, None)
        until = time.monotonic() + 20
        sent = 0
        while grpc.ChannelConnectivity.IDLE not in states[1:] and time.monotonic() < until:
            body = hook_traces(a_tool_call(call_id=str(sent))).SerializeToString()
            call(body, metadata=METADATA, timeout=10)
            sent += 1
            time.sleep(0.05)

    assert grpc.ChannelConnectivity.IDLE in states[1:], "the connection was closed once"
    assert sent == len(rig.store.events())


@pytest.mark.otlp(47)
def test_an_attribute_key_twice_breaks_nothing(rig: Rig, receiver: GrpcReceiver) -> None:
    span = a_span()
    for command in ("ls", "rm -rf /"):
        span.attributes.append(
            KeyValue(key=names.TOOL_ARGUMENTS, value=value_of(f'{{"command": "{command}"}}'))
        )

    answer = export(receiver.port, a_trace_request(span))

    assert not answer.HasField("partial_success")
    assert 1 == len(rig.store.events())


@pytest.mark.otlp(49)
def test_resources_and_scopes_keep_their_items(judge: Judge) -> None:
    transport = MemoryTransport()
    forward = a_forward(a_destination(transport))
    request = a_trace_request(a_span())
    other = request.resource_spans.add()
    other.resource.attributes.add(key="service.name").value.string_value = "b"
    other.scope_spans.add().spans.append(a_span(span_id=b"2" * 8))
    other.scope_spans.add().spans.append(a_span(span_id=b"3" * 8))

    with serving(a_rig(judge, forward).grpc) as receiver:
        export(receiver.port, request)
        forward.stop()

    onward = transport.traces()[0]
    shape = [
        (
            resource.resource.attributes[0].value.string_value,
            [[span.span_id for span in scope.spans] for scope in resource.scope_spans],
        )
        for resource in onward.resource_spans
    ]
    assert [("some-agent", [[b"s" * 8]]), ("b", [[b"2" * 8], [b"3" * 8]])] == shape


@pytest.mark.otlp(56)
@pytest.mark.parametrize("onward", ["grpc", "http/protobuf"])
def test_a_tenants_header_goes_along_with_what_was_sent_and_nothing_else_does(
    judge: Judge, onward: str
) -> None:
    """Over two hops: the second destination tells what the first sent it with."""
    last = MemoryTransport()
    last_forward = a_forward(a_destination(last, headers_from_sender=frozenset({"x-scope-orgid"})))
    second = a_rig(judge, last_forward)
    with serving(second.grpc if onward == "grpc" else second.http) as receiver:
        headers = {"authorization": AUTHORIZATION, "x-team": "ours"}
        transport = transport_to(
            f"http://127.0.0.1:{receiver.port}", onward, Sending(headers=headers)
        )
        wanted = frozenset({"x-scope-orgid", "x-team"})
        forward = a_forward(a_destination(transport, headers_from_sender=wanted))
        first = a_rig(judge, forward)
        told = {"x-scope-orgid": "tenant-7", "x-other": "no", "x-team": "theirs"}
        with serving(first.grpc) as over_grpc, serving(first.http) as over_http:
            export(over_grpc.port, hook_traces(a_tool_call()), **told)
            post(over_http.port, hook_traces(a_tool_call(call_id="2")), **told)
            post(over_http.port, hook_traces(a_tool_call(call_id="3")))
            forward.stop()
            last_forward.stop()

    assert [(("x-scope-orgid", "tenant-7"),)] * 2 + [()] == last.sent_with


def post(port: int, request: ExportTraceServiceRequest, **headers: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/v1/traces", request.SerializeToString(), HEADERS | headers)
    assert 200 == connection.getresponse().status
    connection.close()


@pytest.mark.otlp(52)
def test_protobuf_nested_without_end_is_refused(rig: Rig, receiver: GrpcReceiver) -> None:
    value = b""
    for _ in range(300):  # by hand: the library builds nothing that it would not read
        value = part(5, part(1, value))  # AnyValue.array_value.values
    attribute = part(1, b"deep") + part(2, value)
    span = a_span().SerializeToString() + part(9, attribute)
    body = part(1, part(2, part(2, span)))  # resource_spans.scope_spans.spans

    with pytest.raises(grpc.RpcError) as refused:
        export(receiver.port, body)

    assert grpc.StatusCode.INVALID_ARGUMENT == refused.value.code()
    assert [] == rig.store.events()
