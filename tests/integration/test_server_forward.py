"""A server that forwards to two places, one of them away, and is killed meanwhile."""

import re
import time
from pathlib import Path

import httpx

from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.grpc import GrpcReceiver
from tests.support.builders import a_tool_call
from tests.support.collector import free_ports
from tests.support.otlp import AUTHORIZATION, Rig, a_rig, hook_traces, serving
from tests.support.sending import wait_until
from tests.support.server import RunningServer, a_server

PATIENCE_S = 120


def send(server: RunningServer, call_id: str, command: str = "ls") -> None:
    answer = httpx.post(
        server.otlp_http_endpoint + "/v1/traces",
        content=hook_traces(
            a_tool_call(call_id=call_id, arguments={"command": command})
        ).SerializeToString(),
        headers={
            "authorization": f"Bearer {server.key}",
            "content-type": "application/x-protobuf",
        },
        timeout=30,
    )
    assert 200 == answer.status_code


def calls_at(rig: Rig, number: int) -> set[str]:
    """The calls that arrived, once there are so many."""
    until = time.monotonic() + PATIENCE_S
    found: set[str] = set()
    while len(found) < number and time.monotonic() < until:
        found = {event.activity.call_id for event in rig.store.events()}  # type: ignore[union-attr]
        time.sleep(0.05)
    return found


def test_what_one_destination_could_not_take_it_gets_after_a_crash(
    judge: Judge, tmp_path: Path
) -> None:
    near, far, far_port = a_rig(judge), a_rig(judge), free_ports(1)[0]
    file = tmp_path / "forward.yaml"
    with serving(near.http) as here:
        file.write_text(
            f"""
            exporters:
              otlp_http/near:
                endpoint: http://127.0.0.1:{here.port}
                headers: {{authorization: {AUTHORIZATION}}}
              otlp_grpc/far:
                endpoint: http://127.0.0.1:{far_port}
                headers: {{authorization: {AUTHORIZATION}}}
                retry_on_failure: {{initial_interval: 100ms, max_interval: 200ms}}
            """
        )
        with a_server(tmp_path, AGENTAUDIT_FORWARD_FILE=str(file)) as server:
            for call_id in ("1", "2", "3"):
                send(server, call_id)
            assert {"1", "2", "3"} == calls_at(near, 3)
            assert set() == calls_at(far, 0)
            server.kill()
            with serving(lambda: GrpcReceiver.start(far.ingest, port=far_port)):
                server.start()
                send(server, "4")

                assert {"1", "2", "3", "4"} == calls_at(far, 4)
            assert {"1", "2", "3", "4"} == calls_at(near, 4)


def test_what_is_refused_for_good_becomes_an_event(judge: Judge, tmp_path: Path) -> None:
    with serving(a_rig(judge).http) as stranger:
        endpoint = f"http://127.0.0.1:{stranger.port}"
        settings = {
            "AGENTAUDIT_FORWARD_ENDPOINT": endpoint,
            "AGENTAUDIT_FORWARD_PROTOCOL": "http/protobuf",
        }
        with a_server(tmp_path, **settings) as server:
            send(server, "1")
            server.stop()  # what was lost is recorded at the latest when it stops
            server.start()

            found = server.request("GET", "/v1/events?q=kind:logging_state").json()["events"]

    assert 1 == len(found)
    assert "ForwardLost" in found[0]["summary"]
    assert "refused: HTTP 401" in found[0]["summary"]


def test_a_server_that_forwards_to_itself_gets_each_call_back_once(tmp_path: Path) -> None:
    file = tmp_path / "forward.yaml"
    file.write_text("redaction: {allow_all_keys: true}")
    settings = {"AGENTAUDIT_FORWARD_FILE": str(file), "AGENTAUDIT_METRICS_PORT": "0"}
    with a_server(tmp_path, **settings) as server:
        server.stop()
        headers = f"{{authorization: Bearer {server.key}}}"
        endpoint = f"http://127.0.0.1:{server.otlp_grpc_port}"
        file.write_text(f"exporters: {{otlp_grpc: {{endpoint: {endpoint}, headers: {headers}}}}}")
        server.start()

        for number in (1, 2):  # the second comes round after the first would have again
            send(server, str(number), command="rm -rf /")
            wait_until(lambda number=number: figure(server, "accepted_spans") >= 2 * number)

        assert 4 == figure(server, "accepted_spans")
        found = server.request("GET", "/v1/events?q=kind:tool_call").json()["events"]
    assert 2 == len(found)


def figure(server: RunningServer, name: str) -> float:
    port = re.findall(r"Metrics +http://localhost:(\d+)", server.output)[-1]
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    told = re.findall(rf"^otelcol_receiver_{name}\{{[^}}]*\}} (\S+)$", text, re.MULTILINE)
    return sum(map(float, told))
