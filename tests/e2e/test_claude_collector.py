"""A real Collector between hook and server, as the guide's second block of exports sets it up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.collector import Collector, collector, free_ports
from tests.support.journey import Journey, a_journey, guide_exports
from tests.support.model_server import says, uses
from tests.support.requirements import need
from tests.support.server import RunningServer, a_server

pytestmark = [pytest.mark.claude, pytest.mark.collector]

SESSION = (
    uses(("Bash", {"command": "echo through-the-collector", "description": "Say so"})),
    says("Bye."),
)


@pytest.fixture(scope="module")
def enriched_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, enriched_port: int) -> Iterator[RunningServer]:
    need("claude")
    need("collector")
    onward = {"AGENTAUDIT_FORWARD_ENDPOINT": f"http://127.0.0.1:{enriched_port}"}
    with a_server(tmp_path_factory.mktemp("server"), **onward) as running:
        yield running


@pytest.fixture(scope="module")
def between(server: RunningServer, enriched_port: int) -> Iterator[Collector]:
    with collector(server.otlp_grpc_port, enriched_port) as running:
        yield running


@pytest.fixture(params=["grpc", "http/protobuf"])
def journey(
    request: pytest.FixtureRequest, server: RunningServer, between: Collector, tmp_path: Path
) -> Iterator[Journey]:
    """A hook that knows the Collector's address in place of the server's OTLP."""
    told = guide_exports(1)
    assert {"AGENTAUDIT_OTLP_ENDPOINT", "AGENTAUDIT_OTLP_PROTOCOL"} == set(told)
    port = between.grpc_port if request.param == "grpc" else between.http_port
    route = dict(zip(sorted(told), (f"http://127.0.0.1:{port}", request.param), strict=True))
    with a_journey(tmp_path / "laptop", url=server.url, key=server.key, **route) as journey:
        yield journey


def test_a_session_arrives_through_the_collector(journey: Journey, between: Collector) -> None:
    journey.run(*SESSION)

    event = journey.calls_by_id()["toolu_main_00_00"]
    assert "through-the-collector" == event["data"]["result"]["stdout"]
    assert ("ended", "success") == (event["context"]["phase"], event["context"]["outcome"])
    onward = between.wait_to_say(event["id"])
    assert event["id"] in onward
    assert "agentaudit.risk.level" in onward
