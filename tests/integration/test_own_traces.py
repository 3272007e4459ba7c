"""The server's own traces: of each request, to another place, never of themselves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_backend.app import Running
from agentaudit_backend.failure import CannotStart
from agentaudit_backend.own_traces import SCOPE
from agentaudit_backend.settings import Settings
from agentaudit_backend.shape import Shape
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call
from tests.support.forwarding import KeptRequests
from tests.support.otlp import AUTHORIZATION, a_rig, a_trace_request, hook_traces, serving
from tests.support.sending import wait_until
from tests.support.server import RunningServer, a_server

SECRET = "ghp_" + "aB3dE5fG7hJ9kL1mN2" + "pQ4rS6tU8vW0xYz1A2"


@pytest.fixture
def kept() -> KeptRequests:
    """What came to the place that the traces go to."""
    return KeptRequests()


@pytest.fixture
def place(judge: Judge, kept: KeptRequests) -> Iterator[str]:
    with serving(a_rig(judge, kept).http) as receiver:
        yield f"http://127.0.0.1:{receiver.port}"


def traced(folder: Path, place: str, protocol: str = "http/protobuf", **more: str) -> Any:
    return a_server(
        folder,
        **more,
        AGENTAUDIT_TRACE_PROTOCOL=protocol,
        AGENTAUDIT_TRACE_ENDPOINT=place,
        AGENTAUDIT_TRACE_RATIO="1",
        OTEL_EXPORTER_OTLP_HEADERS=f"authorization={AUTHORIZATION.replace(' ', '%20')}",
        AGENTAUDIT_LOG_FORMAT="json",
    )


def send(server: RunningServer, request: Any) -> int:
    headers = {"authorization": f"Bearer {server.key}", "content-type": "application/x-protobuf"}
    body = request.SerializeToString()
    url = server.otlp_http_endpoint + "/v1/traces"
    return httpx.post(url, content=body, headers=headers, timeout=30).status_code


def every_span(kept: KeptRequests) -> list[Span]:
    return [
        span
        for request in kept.requests
        for held in request.resource_spans  # type: ignore[union-attr]
        for scope in held.scope_spans
        for span in scope.spans
    ]


def spans(kept: KeptRequests) -> dict[str, Span]:
    """The last of each name."""
    return {span.name: span for span in every_span(kept)}


def test_a_request_is_a_span_with_its_storing_below_and_nothing_of_its_content(
    tmp_path: Path, place: str, kept: KeptRequests
) -> None:
    with traced(tmp_path, place) as server:
        send(server, hook_traces(a_tool_call(arguments={"command": f"echo {SECRET}"})))
        server.stop()  # sends what waits

    found = spans(kept)
    assert {"receive traces", "store"} == set(found)
    assert found["receive traces"].span_id == found["store"].parent_span_id
    assert not any(SECRET.encode() in one.SerializeToString() for one in kept.requests)


def test_what_a_worker_judges_has_a_span_for_that(
    tmp_path: Path, place: str, kept: KeptRequests
) -> None:
    large = hook_traces(
        *(a_tool_call(call_id=f"{number}", result="x" * 700) for number in range(100))
    )
    with traced(tmp_path, place, AGENTAUDIT_WORKERS="1", OTEL_BSP_SCHEDULE_DELAY="100") as server:

        def is_judged_elsewhere() -> bool:
            assert 200 == send(server, large)
            return "judge" in spans(kept)

        wait_until(is_judged_elsewhere)  # the first of them has started the worker
        server.stop()  # what is above it ends later

    found = spans(kept)
    assert found["judge"].trace_id in {
        span.trace_id for span in every_span(kept) if span.name == "receive traces"
    }


def test_they_go_by_grpc_too(judge: Judge, tmp_path: Path, kept: KeptRequests) -> None:
    with (
        serving(a_rig(judge, kept).grpc) as receiver,
        traced(tmp_path, f"http://127.0.0.1:{receiver.port}", "grpc") as server,
    ):
        send(server, hook_traces(a_tool_call()))
        server.stop()

    assert {"receive traces", "store"} == set(spans(kept))


def test_a_request_that_is_refused_is_a_span_in_error(
    tmp_path: Path, place: str, kept: KeptRequests
) -> None:
    with traced(tmp_path, place) as server:
        headers = {"authorization": f"Bearer {server.key}"}
        httpx.post(
            server.otlp_http_endpoint + "/v1/traces",
            content=b"{",
            headers=headers | {"content-type": "application/json"},
        )
        server.stop()

    span = spans(kept)["receive traces"]
    assert Status.STATUS_CODE_ERROR == span.status.code
    assert "" == span.status.message
    assert [] == list(span.events)


def test_own_spans_that_come_round_are_not_traced(
    tmp_path: Path, place: str, kept: KeptRequests
) -> None:
    own = a_trace_request(Span(name="store", trace_id=b"t" * 16, span_id=b"s" * 8), scope=SCOPE)
    with traced(tmp_path, place) as server:
        status = send(server, own)
        server.stop()

    assert 200 == status
    assert [] == kept.requests


def test_a_server_does_not_start_with_itself_as_the_place(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, trace_endpoint="http://localhost:4318")

    with pytest.raises(CannotStart, match="cannot send its traces to itself"):
        Running.start(settings, Shape.SERVE)


def test_the_logs_are_json_where_that_is_asked_for(tmp_path: Path, place: str) -> None:
    with traced(tmp_path, place) as server:
        httpx.post(server.otlp_http_endpoint + TRACES.path, content=b"", timeout=10)
        server.stop()

    lines = [line for line in server.output.splitlines() if line.startswith("{")]
    assert lines
    assert all({"time", "level", "logger", "message"} <= json.loads(line).keys() for line in lines)
