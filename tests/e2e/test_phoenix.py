"""Claude Code's hooks and own telemetry → Collector → server → Collector → Arize Phoenix.

One call is one Event with us, however many ways it was told, and an enriched span there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.collector import Collector, collector, free_ports
from tests.support.journey import FIRST, a_journey, shell
from tests.support.model_server import says, uses
from tests.support.phoenix import Phoenix, a_phoenix
from tests.support.requirements import need
from tests.support.server import RunningServer, a_server

pytestmark = [pytest.mark.claude, pytest.mark.collector]

ONWARD = """
exporters:
  otlp_grpc/phoenix:
    endpoint: 127.0.0.1:{port}
    tls: {{insecure: true}}
service:
  pipelines:
    traces/enriched:
      receivers: [otlp/enriched]
      processors: [memory_limiter]
      exporters: [debug, otlp_grpc/phoenix]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The running parts, from the sender's side to the backend."""

    server: RunningServer
    collector: Collector
    phoenix: Phoenix


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    need("claude")
    need("collector")
    folder = tmp_path_factory.mktemp("way")
    enriched_port = free_ports(1)[0]
    onward = {"AGENTAUDIT_FORWARD_ENDPOINT": f"http://127.0.0.1:{enriched_port}"}
    with a_phoenix(folder / "phoenix") as phoenix:
        over = folder / "phoenix.yaml"
        over.write_text(ONWARD.format(port=phoenix.grpc_port))
        with (
            a_server(folder / "server", **onward) as server,
            collector(server.otlp_grpc_port, enriched_port, over=over) as between,
        ):
            yield Way(server=server, collector=between, phoenix=phoenix)


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf", "grpc"])
def test_a_call_that_hook_and_telemetry_tell_is_one_event_and_an_enriched_span_in_phoenix(
    way: Way, tmp_path: Path, protocol: str
) -> None:
    port = way.collector.grpc_port if protocol == "grpc" else way.collector.http_port
    endpoint = f"http://127.0.0.1:{port}"
    telemetry = {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer {way.server.key}",
    }
    route = {
        "AGENTAUDIT_OTLP_ENDPOINT": endpoint,
        "AGENTAUDIT_OTLP_PROTOCOL": "grpc" if protocol == "grpc" else "http/protobuf",
    }
    session = (uses(shell(f"echo told-by-{protocol}")), says("Bye."))

    with a_journey(
        tmp_path, url=way.server.url, key=way.server.key, **telemetry, **route
    ) as journey:
        journey.run(*session)
        call = journey.calls_by_id()[FIRST]

    assert ("ended", "success") == (call["context"]["phase"], call["context"]["outcome"])
    assert "permission" in call["context"]  # which only its own telemetry tells
    seen = way.phoenix.wait_for(call["id"])
    assert seen
    assert all("risk" in span and "processor" in span for span in seen)
