"""The server's own figures and health, read as Prometheus and an orchestrator read them."""

import re
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agentaudit_backend.monitoring import health_app
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.receivers.http import HttpReceiver
from tests.support.builders import a_tool_call
from tests.support.otlp import hook_traces
from tests.support.sending import wait_until
from tests.support.server import RunningServer, a_server

SECRET = "ghp_" + "aB3dE5fG7hJ9kL1mN2" + "pQ4rS6tU8vW0xYz1A2"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("monitored")
    ports = {"AGENTAUDIT_METRICS_PORT": "0", "AGENTAUDIT_HEALTH_PORT": "0"}
    with a_server(folder, AGENTAUDIT_FORWARD_ENDPOINT="http://127.0.0.1:9", **ports) as running:
        yield running


def shown_port(server: RunningServer, label: str) -> int:
    found = re.search(rf"{label} +http://localhost:(\d+)", server.output)
    assert found, server.output
    return int(found[1])


def figures(server: RunningServer) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = httpx.get(f"http://127.0.0.1:{shown_port(server, 'Metrics')}/metrics").text
    assert SECRET not in text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value_of(server: RunningServer, name: str, **labels: str) -> float:
    return sum(
        value
        for (found, with_labels), value in figures(server).items()
        if found == name and labels.items() <= dict(with_labels).items()
    )


def test_what_came_in_is_counted_by_transport_under_the_collectors_names(
    server: RunningServer,
) -> None:
    request = hook_traces(a_tool_call(arguments={"command": f"rm -rf / && echo {SECRET}"}))
    authorization = f"Bearer {server.key}"
    with grpc.insecure_channel(f"127.0.0.1:{server.otlp_grpc_port}") as channel:
        call = channel.unary_unary(TRACES.method, None, None)
        call(request.SerializeToString(), metadata=(("authorization", authorization),), timeout=10)

    answer = httpx.post(
        server.otlp_http_endpoint + "/v1/traces",
        content=hook_traces(a_tool_call(call_id="2")).SerializeToString(),
        headers={"authorization": authorization, "content-type": "application/x-protobuf"},
    )

    assert 200 == answer.status_code
    for transport in ("grpc", "http"):
        labels = {"receiver": "otlp", "transport": transport}
        assert 1 == value_of(server, "otelcol_receiver_accepted_spans", **labels)
    assert 2 == value_of(server, "agentaudit_events_total")
    assert 1 == value_of(server, "agentaudit_events_total", risk="critical")
    assert 0 < value_of(server, "agentaudit_judging_seconds_total")


def test_what_was_judged_and_what_goes_on_is_counted_as_of_a_processor(
    server: RunningServer,
) -> None:
    labels = {"processor": "agentaudit", "otel_signal": "traces"}
    before = value_of(server, "otelcol_processor_incoming_items", **labels)

    httpx.post(
        server.otlp_http_endpoint + "/v1/traces",
        content=hook_traces(a_tool_call(call_id="counted")).SerializeToString(),
        headers={
            "authorization": f"Bearer {server.key}",
            "content-type": "application/x-protobuf",
        },
    )

    wait_until(lambda: value_of(server, "otelcol_processor_outgoing_items", **labels) > before)
    assert before + 1 == value_of(server, "otelcol_processor_incoming_items", **labels)


def test_a_refused_key_counts_as_a_failed_request(server: RunningServer) -> None:
    httpx.post(server.otlp_http_endpoint + "/v1/logs", headers={"authorization": "Bearer x"})

    assert 1 <= value_of(server, "otelcol_receiver_requests", outcome="failure", transport="http")


def test_the_process_and_the_queue_are_told(server: RunningServer) -> None:
    assert 10_000_000 < value_of(server, "otelcol_process_memory_rss")
    assert 0 < value_of(server, "otelcol_process_cpu_seconds")
    assert 256 * 1024 * 1024 == value_of(server, "otelcol_exporter_queue_capacity")


def test_a_request_that_waits_for_another_try_is_in_flight(server: RunningServer) -> None:
    httpx.post(
        server.otlp_http_endpoint + "/v1/traces",
        content=hook_traces(a_tool_call(call_id="in flight")).SerializeToString(),
        headers={
            "authorization": f"Bearer {server.key}",
            "content-type": "application/x-protobuf",
        },
    )

    wait_until(lambda: value_of(server, "otelcol_exporter_in_flight_requests") == 1)
    assert 0 < value_of(server, "otelcol_processor_internal_duration_sum", processor="agentaudit")
    assert 0 < value_of(server, "otelcol_processor_internal_duration_count")


@pytest.mark.otlp(60)
def test_health_says_that_the_server_can_store(server: RunningServer) -> None:
    answer = httpx.get(f"http://127.0.0.1:{shown_port(server, 'Health')}/")

    assert (200, "Server available") == (answer.status_code, answer.json()["status"])


@pytest.mark.otlp(60)
def test_health_says_so_when_the_database_is_away() -> None:
    def away() -> None:
        raise Unavailable("the database does not answer")

    receiver = HttpReceiver.start(health_app(away), port=0)
    try:
        answer = httpx.get(f"http://127.0.0.1:{receiver.port}/")
    finally:
        receiver.stop()

    assert 503 == answer.status_code
    assert "the database does not answer" == answer.json()["error"]


def test_without_the_settings_no_port_is_opened(tmp_path: Path) -> None:
    with a_server(tmp_path) as plain:
        assert "Metrics" not in plain.output
        assert "Health" not in plain.output
