"""A real Collector with the shipped configuration, between a real exporter and our receivers."""

from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import grpc
import httpx
import pytest
import trustme
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import (
    OTLPLogExporter as GrpcLogExporter,
)
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as GrpcSpanExporter,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as HttpSpanExporter,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.trace.export import SpanExportResult

from agentaudit_hook.span import to_log_record, to_span
from agentaudit_processor.pipeline import Judge
from tests.integration.test_otlp_tls import issue, trusting
from tests.support.builders import a_request, a_tool_call
from tests.support.collector import CONFIG, Collector, a_collector, collector, free_ports
from tests.support.forwarding import counted, forward_to
from tests.support.otlp import AUTHORIZATION, ORGANIZATION, Rig, a_rig, hook_traces, serving

pytestmark = pytest.mark.collector


@pytest.fixture(scope="module")
def rig(judge: Judge) -> Rig:
    return a_rig(judge)


@pytest.fixture(scope="module")
def running(rig: Rig) -> Iterator[Collector]:
    with serving(rig.grpc) as receiver, collector(receiver.port) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_stored(rig: Rig) -> None:
    rig.store.clear()
    rig.store.is_available = True


def span_exporter(port: int, authorization: str = AUTHORIZATION) -> GrpcSpanExporter:
    return GrpcSpanExporter(
        endpoint=f"127.0.0.1:{port}",
        insecure=True,
        headers=(("authorization", authorization),),
        timeout=2,
    )


def test_a_span_passes_through_with_its_senders_key(rig: Rig, running: Collector) -> None:
    call = a_tool_call()

    result = span_exporter(running.grpc_port).export([to_span(call)])

    assert result == SpanExportResult.SUCCESS
    assert [event.activity for event in rig.store.events(ORGANIZATION)] == [call]


def test_a_request_passes_through_as_a_log_record(rig: Rig, running: Collector) -> None:
    request = a_request()
    exporter = GrpcLogExporter(
        endpoint=f"127.0.0.1:{running.grpc_port}",
        insecure=True,
        headers=(("authorization", AUTHORIZATION),),
    )

    result = exporter.export([to_log_record(request)])

    assert result == LogRecordExportResult.SUCCESS
    assert [event.activity for event in rig.store.events(ORGANIZATION)] == [request]


def test_a_span_sent_over_http_passes_through_with_its_senders_key(
    rig: Rig, running: Collector
) -> None:
    exporter = HttpSpanExporter(
        endpoint=f"http://127.0.0.1:{running.http_port}/v1/traces",
        headers={"authorization": AUTHORIZATION},
    )

    result = exporter.export([to_span(a_tool_call())])

    assert result == SpanExportResult.SUCCESS
    assert len(rig.store.events(ORGANIZATION)) == 1


def test_a_wrong_key_is_refused_end_to_end(rig: Rig, running: Collector) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        export = TraceServiceStub(channel).Export
        with pytest.raises(grpc.RpcError) as refused:
            export(
                hook_traces(a_tool_call()),
                metadata=(("authorization", "Bearer wrong"),),
                timeout=10,
            )

    assert grpc.StatusCode.UNAUTHENTICATED == refused.value.code()
    assert rig.store.events() == []


def test_nothing_is_acknowledged_that_the_store_did_not_take(rig: Rig, running: Collector) -> None:
    rig.store.is_available = False

    result = span_exporter(running.grpc_port).export([to_span(a_tool_call())])

    assert result == SpanExportResult.FAILURE
    assert rig.store.events() == []


def test_nothing_is_acknowledged_while_the_processor_is_down() -> None:
    nobody = free_ports(1)[0]

    with collector(nobody) as running:
        result = span_exporter(running.grpc_port).export([to_span(a_tool_call())])

    assert result == SpanExportResult.FAILURE


@pytest.mark.parametrize(
    ("authorization", "is_available", "status"),
    [("Bearer wrong", True, 401), (AUTHORIZATION, False, 503), (AUTHORIZATION, True, 200)],
    ids=["wrong key", "store away", "stored"],
)
def test_http_senders_are_told_whether_to_keep_what_they_sent(
    rig: Rig, running: Collector, authorization: str, is_available: bool, status: int
) -> None:
    rig.store.is_available = is_available
    connection = HTTPConnection("127.0.0.1", running.http_port, timeout=10)
    headers = {"Content-Type": "application/x-protobuf", "Authorization": authorization}

    connection.request(
        "POST", "/v1/traces", hook_traces(a_tool_call()).SerializeToString(), headers
    )
    answered = connection.getresponse().status
    connection.close()

    assert answered == status


def test_what_the_processor_found_comes_back_into_the_second_pipeline(judge: Judge) -> None:
    enriched_port = free_ports(1)[0]
    forward = forward_to(f"http://127.0.0.1:{enriched_port}")
    call = a_tool_call(arguments={"command": "sudo rm -rf /var/lib/app"})

    with (
        serving(a_rig(judge, forward).grpc) as receiver,
        collector(receiver.port, enriched_port) as running,
    ):
        result = span_exporter(running.grpc_port).export([to_span(call)])
        said = running.wait_to_say("agentaudit.risk.level")
        forward.stop()

    assert result == SpanExportResult.SUCCESS
    assert call.span_id in said
    assert "agentaudit.processor.version: Str(" in said
    assert "agentaudit.risk.level: Str(" in said
    assert counted(forward) == {"exporter_sent_spans": 1}


def test_with_tls_laid_over_it_senders_reach_it_by_tls_alone(judge: Judge, tmp_path: Path) -> None:
    authority = trustme.CA()
    tls = issue(authority, tmp_path)
    rig, trusted = a_rig(judge), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    request = hook_traces(a_tool_call()).SerializeToString()
    headers = {"authorization": AUTHORIZATION, "content-type": "application/x-protobuf"}

    with (
        serving(rig.grpc) as receiver,
        a_collector(
            CONFIG,
            CONFIG.parent / "deploy/compose/otel-collector-tls.yaml",
            PROCESSOR_ENDPOINT=f"127.0.0.1:{receiver.port}",
            TLS_CERT_FILE=str(tls.cert_file),
            TLS_KEY_FILE=str(tls.key_file),
        ) as running,
    ):
        over_grpc = GrpcSpanExporter(
            endpoint=f"https://localhost:{running.grpc_port}",
            credentials=grpc.ssl_channel_credentials(trusted.read_bytes()),
            headers=(("authorization", AUTHORIZATION),),
        ).export([to_span(a_tool_call(call_id="2"))])
        with httpx.Client(verify=trusting(authority), headers=headers) as client:
            url = f"https://localhost:{running.http_port}/v1/traces"
            over_http = client.post(url, content=request).status_code
        with suppress(httpx.TransportError):  # hung up on, or told what is wanted
            plain = httpx.post(url.replace("https", "http"), content=request, headers=headers)
            assert 400 == plain.status_code

    assert (SpanExportResult.SUCCESS, 200) == (over_grpc, over_http)
    assert 2 == len(rig.store.events(ORGANIZATION))
