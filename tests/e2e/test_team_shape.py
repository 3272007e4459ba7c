"""What docker-compose.yml starts, as processes: PostgreSQL, api, processor, a real Collector."""

from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk.trace.export import SpanExportResult

from agentaudit_hook.span import to_span
from agentaudit_processor.model import ToolCall
from tests.support.builders import a_tool_call
from tests.support.collector import Collector, collector, free_ports
from tests.support.otlp import hook_traces
from tests.support.postgres import postgres_server
from tests.support.server import RunningServer, a_server

pytestmark = [pytest.mark.collector, pytest.mark.postgres]


@dataclass(frozen=True, slots=True)
class Team:
    """The running services, and how a laptop sends to them."""

    api: RunningServer
    processor: RunningServer
    collector: Collector

    def send(self, call: ToolCall) -> SpanExportResult:
        exporter = OTLPSpanExporter(
            endpoint=f"127.0.0.1:{self.collector.grpc_port}",
            insecure=True,
            headers=(("authorization", f"Bearer {self.api.key}"),),
            timeout=3,
        )
        try:
            return exporter.export([to_span(call)])
        finally:
            exporter.shutdown()

    def stored_calls(self, session_id: str) -> int:
        answer = self.api.request("GET", "/v1/events", params={"session_id": session_id})
        assert answer.status_code == 200, answer.text
        return len(answer.json()["events"])


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    enriched_port = free_ports(1)[0]
    with postgres_server() as postgres:
        database = {"AGENTAUDIT_DATABASE_URL": postgres.new_database()}
        forward = {"AGENTAUDIT_FORWARD_ENDPOINT": f"http://127.0.0.1:{enriched_port}"}
        with (
            a_server(folder / "api", verb="api", **database) as api,
            a_server(folder / "p", verb="processor", **database, **forward) as processor,
            collector(processor.otlp_grpc_port, enriched_port) as running,
        ):
            yield Team(api, processor, running)


def test_a_call_sent_to_the_collector_is_seen_by_the_api_and_comes_back_enriched(
    team: Team,
) -> None:
    call = a_tool_call(session_id="team-1", arguments={"command": "sudo rm -rf /var/lib/app"})

    result = team.send(call)

    assert result == SpanExportResult.SUCCESS
    assert team.stored_calls("team-1") == 1
    said = team.collector.wait_to_say("agentaudit.risk.level")
    assert call.span_id in said
    assert "agentaudit.risk.level: Str(low)" not in said


def test_a_key_that_nobody_made_is_refused_through_the_collector(team: Team) -> None:
    request = hook_traces(a_tool_call(session_id="team-2"))
    unknown = (("authorization", "Bearer aa_live_" + "x" * 32),)

    with (
        grpc.insecure_channel(f"127.0.0.1:{team.collector.grpc_port}") as channel,
        pytest.raises(grpc.RpcError) as refused,
    ):
        TraceServiceStub(channel).Export(request, metadata=unknown, timeout=10)

    assert grpc.StatusCode.UNAUTHENTICATED == refused.value.code()
    assert team.stored_calls("team-2") == 0


def test_what_is_sent_twice_is_stored_once(team: Team) -> None:
    call = a_tool_call(session_id="team-3")

    results = [team.send(call), team.send(call)]

    assert results == [SpanExportResult.SUCCESS] * 2
    assert team.stored_calls("team-3") == 1


def test_the_processor_prints_no_key(team: Team) -> None:
    assert "aa_live_" not in team.processor.output
    assert team.api.output.count("Default API key: aa_live_") == 1
