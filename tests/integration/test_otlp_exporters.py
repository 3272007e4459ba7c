"""The exporters that people have: OpenTelemetry's own, in Python and JavaScript."""

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as GrpcSpanExporter,
)
from opentelemetry.exporter.otlp.proto.http import Compression as HttpCompression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as HttpSpanExporter,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from agentaudit_processor.model import ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Unavailable
from tests.support.otlp import AUTHORIZATION, Rig, a_rig, serving
from tests.support.requirements import need

SEND = Path(__file__).parent / "js" / "send.cjs"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.load()


@pytest.fixture
def rig(judge: Judge) -> Rig:
    return a_rig(judge)


def stored_calls(rig: Rig) -> list[ToolCall]:
    return [event.activity for event in rig.store.events() if isinstance(event.activity, ToolCall)]


# --- Python -------------------------------------------------------------------------------------


def grpc_exporter(port: int) -> SpanExporter:
    return GrpcSpanExporter(
        endpoint=f"127.0.0.1:{port}",
        insecure=True,
        headers=(("authorization", AUTHORIZATION),),
        compression=grpc.Compression.Gzip,
    )


def http_exporter(port: int) -> SpanExporter:
    return HttpSpanExporter(
        endpoint=f"http://127.0.0.1:{port}/v1/traces",
        headers={"authorization": AUTHORIZATION},
        compression=HttpCompression.Gzip,
    )


def record_calls(exporter: SpanExporter, count: int) -> None:
    """Use the SDK as an application does."""
    provider = TracerProvider(resource=Resource({"service.name": "my-agent"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("my.agent")
    for number in range(count):
        with tracer.start_as_current_span("execute_tool search") as span:
            span.set_attribute("gen_ai.tool.name", "search")
            span.set_attribute("gen_ai.tool.call.id", f"call-{number}")
    assert provider.force_flush(20_000)
    provider.shutdown()


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_an_application_with_the_python_sdk_is_recorded(rig: Rig, transport: str) -> None:
    start, exporter = (
        (rig.grpc, grpc_exporter) if transport == "grpc" else (rig.http, http_exporter)
    )

    with serving(start) as receiver:
        record_calls(exporter(receiver.port), 700)

    calls = stored_calls(rig)
    assert [call.call_id for call in calls] == [f"call-{number}" for number in range(700)]
    assert {call.actor.agent_name for call in calls} == {"my-agent"}


@pytest.mark.otlp(26)
@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_the_python_sdk_sends_again_what_was_not_acknowledged(
    rig: Rig, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, exporter = (
        (rig.grpc, grpc_exporter) if transport == "grpc" else (rig.http, http_exporter)
    )
    write, failures = rig.store.write, iter([True])

    def once_away(*arguments: Any) -> None:
        if next(failures, False):
            raise Unavailable("once")
        write(*arguments)

    monkeypatch.setattr(rig.store, "write", once_away)

    with serving(start) as receiver:
        record_calls(exporter(receiver.port), 3)

    assert [call.call_id for call in stored_calls(rig)] == ["call-0", "call-1", "call-2"]


@pytest.mark.otlp(33)
def test_many_python_senders_at_once_are_all_recorded(rig: Rig) -> None:
    with serving(rig.grpc) as receiver:
        senders = [
            threading.Thread(target=record_calls, args=(grpc_exporter(receiver.port), 50))
            for _ in range(8)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(30)

    assert len(stored_calls(rig)) == 400


# --- JavaScript -----------------------------------------------------------------------------------


def send_from_js(
    protocol: str, port: int, compression: str = "none", authorization: str = AUTHORIZATION
) -> dict[str, Any]:
    """Send one span with a JS exporter; what it says came of it."""
    modules = need("js_exporters")
    path = "" if protocol == "grpc" else "/v1/traces"
    done = subprocess.run(
        ["node", SEND, protocol, f"http://127.0.0.1:{port}{path}", authorization, compression],
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["grpc", "http/json", "http/protobuf"])
def test_an_application_with_the_js_exporter_is_recorded(
    rig: Rig, protocol: str, compression: str
) -> None:
    with serving(rig.grpc if protocol == "grpc" else rig.http) as receiver:
        answer = send_from_js(protocol, receiver.port, compression)

    (call,) = stored_calls(rig)
    assert answer == {"code": 0, "error": ""}
    assert (call.session_id, call.call_id, call.exit_code) == ("js-session", "js-1", 3)
    assert call.arguments == {"command": "echo héllo"}


@pytest.mark.parametrize("protocol", ["grpc", "http/json"])
def test_the_js_exporter_is_told_that_its_key_is_wrong(rig: Rig, protocol: str) -> None:
    with serving(rig.grpc if protocol == "grpc" else rig.http) as receiver:
        answer = send_from_js(protocol, receiver.port, authorization="Bearer wrong")

    assert answer["code"] == 1
    assert "unknown API key" in answer["error"] or "Unauthorized" in answer["error"]
    assert rig.store.events() == []
