"""OTLP over HTTP and real sockets: what the specification asks of a receiver."""

import gc
import gzip
import http.client
import json
import select
import socket
import weakref
from contextlib import ExitStack
from functools import partial

import grpc
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agentaudit_processor.receivers import http as receivers_http
from agentaudit_processor.receivers.failures import PortTaken, malformed
from agentaudit_processor.receivers.http import HttpReceiver, otlp_app
from agentaudit_processor.receivers.ingest import Taken
from tests.support.builders import a_fact, a_tool_call
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
from tests.support.otlp_calls import KIB, export, post, refused
from tests.support.sending import wait_until


@pytest.mark.otlp(4, 31)
def test_http_acknowledges_a_span_once_it_is_stored(
    rig: Rig, connection: http.client.HTTPConnection
) -> None:
    call = a_tool_call()

    answer, body = post(connection, hook_traces(call).SerializeToString())

    assert (answer.status, body) == (200, b"")
    assert answer.headers["Content-Type"] == "application/x-protobuf"
    assert [event.activity for event in rig.store.events(ORGANIZATION)] == [call]


@pytest.mark.otlp(4)
def test_http_takes_all_signals_below_the_first_products_path_too(
    rig: Rig, connection: http.client.HTTPConnection
) -> None:
    call, fact = a_tool_call(), a_fact()

    traces, _ = post(connection, hook_traces(call).SerializeToString(), "/v1/otlp/v1/traces")
    logs, _ = post(connection, hook_logs(fact).SerializeToString(), "/v1/otlp/v1/logs")
    metrics, _ = post(connection, b"", "/v1/otlp/v1/metrics")
    unkeyed, _ = post(connection, b"", "/v1/otlp/v1/logs", authorization=None)

    assert (200, 200, 200, 401) == (traces.status, logs.status, metrics.status, unkeyed.status)
    assert [call, fact] == [event.activity for event in rig.store.events()]


@pytest.mark.otlp(4, 57)
def test_http_takes_log_records_and_metrics(
    rig: Rig, connection: http.client.HTTPConnection
) -> None:
    logs, _ = post(connection, hook_logs(a_fact()).SerializeToString(), "/v1/logs")
    metrics, _ = post(connection, b"", "/v1/metrics")

    assert (logs.status, metrics.status) == (200, 200)
    assert [event.activity for event in rig.store.events()] == [a_fact()]


@pytest.mark.otlp(5, 8)
def test_http_takes_json_and_answers_in_json(
    rig: Rig, connection: http.client.HTTPConnection
) -> None:
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "execute_tool Bash",
        "attributes": [{"key": "gen_ai.tool.call.id", "value": {"stringValue": "c-1"}}],
    }
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})

    answer, told = post(connection, body, content_type="application/json; charset=utf-8")

    assert (answer.status, json.loads(told)) == (200, {})
    assert answer.headers["Content-Type"] == "application/json"
    assert [event.activity.call_id for event in rig.store.events()] == ["c-1"]  # type: ignore[union-attr]


@pytest.mark.otlp(9, 13)
def test_http_takes_a_chunked_gzip_body(rig: Rig, connection: http.client.HTTPConnection) -> None:
    zipped = gzip.compress(hook_traces(a_tool_call()).SerializeToString())
    chunks = iter([zipped[:10], zipped[10:]])

    answer, _ = post(connection, chunks, **{"Content-Encoding": "gzip"})

    assert answer.status == 200
    assert len(rig.store.events()) == 1


@pytest.mark.otlp(21)
def test_http_says_what_was_wrong_with_part_of_a_request(
    connection: http.client.HTTPConnection,
) -> None:
    spans = [{"traceId": "nonsense", "spanId": "x", "name": "n"}]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})

    answer, told = post(connection, body, content_type="application/json")

    assert answer.status == 200
    assert json.loads(told)["partialSuccess"]["rejectedSpans"] == "1"


def test_http_waits_for_a_body_only_so_long_and_asks_to_try_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender hangs half-way."""
    monkeypatch.setattr(receivers_http, "BODY_TIMEOUT_S", 0.3)
    body = hook_traces(a_tool_call()).SerializeToString()
    head = [
        "POST /v1/traces HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-protobuf",
        f"Authorization: {AUTHORIZATION}\r\nContent-Length: {len(body)}\r\n\r\n",
    ]

    with (
        serving(rig.http) as receiver,
        socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as link,
    ):
        link.sendall("\r\n".join(head).encode() + body[: len(body) // 2])
        answer = link.recv(4096).decode("latin-1")

    assert answer.startswith("HTTP/1.1 503")
    assert "retry-after: 2" in answer.lower()
    assert [] == rig.store.events()


@pytest.mark.otlp(33)
def test_http_asks_who_finds_no_room_for_a_body_to_come_again(rig: Rig) -> None:
    """Three send halves of large bodies, of which there is room for two beside each other."""
    body = hook_traces(a_tool_call()).SerializeToString()
    size = 1_000_000
    head = [
        "POST /v1/traces HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-protobuf",
        f"Authorization: {AUTHORIZATION}\r\nContent-Length: {size}\r\n\r\n",
    ]

    with serving(partial(rig.http, max_bytes=size)) as receiver, ExitStack() as links:
        port = receiver.port
        waiting = [
            links.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            for _ in range(3)
        ]
        for link in waiting:
            link.sendall("\r\n".join(head).encode() + bytes(size - 1))
        answered, _, _ = select.select(waiting, [], [], 20)
        refusal = answered[0].recv(4096).decode("latin-1")
        links.close()
        wait_until(lambda: status_of(port, body) == 200)

    assert len(answered) == 1
    assert refusal.startswith("HTTP/1.1 503")
    assert "retry-after: 2" in refusal.lower()
    assert len(rig.store.events()) == 1


def status_of(port: int, body: bytes) -> int:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    answer, _ = post(link, body)
    link.close()
    return answer.status


@pytest.mark.otlp(55)
@pytest.mark.parametrize("content_type", ["application/x-protobuf", "application/json"])
def test_http_refuses_a_wrong_key_before_it_reads_the_body(
    rig: Rig, connection: http.client.HTTPConnection, content_type: str
) -> None:
    answer, told = post(
        connection, b"\xff not a message", content_type=content_type, authorization="Bearer wrong"
    )

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == content_type
    assert b"unknown API key" in told


@pytest.mark.otlp(7, 12, 24, 25)
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff", {}, 400),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400),
        (b"", {"Content-Encoding": "br"}, 415),
        (b"", {"content_type": "text/plain"}, 415),
        (b"{", {"content_type": "application/json"}, 400),
        (b"x" * 65 * KIB, {}, 413),
        (gzip.compress(b"x" * 65 * KIB), {"Content-Encoding": "gzip"}, 413),
    ],
    ids=["broken", "no gzip", "encoding", "type", "json", "large", "inflated large"],
)
def test_http_answers_bad_input_with_its_status_and_lives_on(
    rig: Rig,
    connection: http.client.HTTPConnection,
    body: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    answer, told = post(connection, body, **headers)
    after, _ = post(connection, b"")

    assert answer.status == status
    assert after.status == 200
    if headers.get("content_type") == "application/json":
        assert json.loads(told)["code"] == 3
    elif "content_type" not in headers:
        assert Status.FromString(told).message


@pytest.mark.otlp(7)
def test_http_takes_no_other_method(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/v1/traces", headers={"Authorization": AUTHORIZATION})

    answer = connection.getresponse()
    answer.read()

    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.otlp(23, 26, 29)
def test_http_asks_to_try_again_while_the_store_is_away(
    rig: Rig, connection: http.client.HTTPConnection
) -> None:
    rig.store.is_available = False

    answer, _ = post(connection, hook_traces(a_tool_call()).SerializeToString())

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.otlp(27, 30)
def test_http_asks_to_try_again_after_a_fault_that_nobody_foresaw(
    rig: Rig, connection: http.client.HTTPConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.store, "write", lambda *_: 1 / 0)

    answer, _ = post(connection, hook_traces(a_tool_call()).SerializeToString())

    assert answer.status == 503


def test_a_taken_http_port_is_told(rig: Rig) -> None:
    with serving(rig.http) as receiver, pytest.raises(PortTaken, match=str(receiver.port)):
        HttpReceiver.start(otlp_app(rig.ingest), port=receiver.port)


def test_the_http_port_tells_its_health(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/health")

    answer = connection.getresponse()

    assert (answer.status, json.loads(answer.read())) == (200, {"status": "ok"})


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_a_refused_request_is_let_go_at_once(
    rig: Rig, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a cycle with the error it would stay until somebody looks for cycles: 60 MB each."""
    held: list[weakref.ref[object]] = []

    def refuse(*_: object, **__: object) -> Taken:
        body = type("Body", (), {})()
        held.append(weakref.ref(body))
        raise malformed("not what it says")

    monkeypatch.setattr(rig.ingest, "take_body", refuse)
    gc.disable()
    try:
        with serving(rig.grpc if transport == "grpc" else rig.http) as receiver:
            if transport == "grpc":
                with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
                    refused(channel, b"")
            else:
                link = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
                answer, _ = post(link, b"")
                assert 400 == answer.status
                link.close()
            wait_until(lambda: held[0]() is None)
    finally:
        gc.enable()

    assert [None] == [one() for one in held]


@pytest.mark.otlp(22)
def test_a_warning_goes_with_an_answer_that_refuses_nothing(
    rig: Rig, connection: http.client.HTTPConnection, channel: grpc.Channel
) -> None:
    body = a_trace_request(a_span(start_time_unix_nano=2**64 - 1)).SerializeToString()

    answer, said = post(connection, body)
    over_grpc = export(channel, body)

    over_http = ExportTraceServiceResponse.FromString(said)
    assert 200 == answer.status
    for told in (over_http.partial_success, over_grpc.partial_success):
        assert 0 == told.rejected_spans
        assert "clock is ahead" in told.error_message
    assert 2 == len(rig.store.events())
