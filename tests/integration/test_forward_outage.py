"""A destination that is away for ten minutes: what fits waits, the rest is counted and told."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agentaudit_processor.otlp import TRACES, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import SentWith, Unavailable
from agentaudit_processor.sinks.destination import Destination, Retry
from agentaudit_processor.sinks.queue import SendingQueue
from tests.support.builders import a_tool_call
from tests.support.collector import free_ports
from tests.support.otlp import AUTHORIZATION, a_rig, a_span, a_trace_request, hook_traces, serving
from tests.support.sending import wait_until
from tests.support.server import RunningServer, a_server

OUTAGE_S = 600.0
CALLS = 40
OUTPUT = "x" * 20_000


class SimulatedTime(threading.Event):
    """What a destination waits on; each wait only moves the hands on, until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now_s += timeout or 0.0
        return self.is_set()


class AwayUntil:
    """A transport to a destination that comes back at a time."""

    def __init__(self, time: SimulatedTime, back_at_s: float) -> None:
        self._time = time
        self._back_at_s = back_at_s
        self.tried = 0
        self.taken: list[str] = []

    def send(self, signal: Signal, body: bytes, _sent_with: SentWith = ()) -> int:
        self.tried += 1
        if self._time.now_s < self._back_at_s:
            raise Unavailable("connection refused")
        self.taken.append(name_in(body))
        return 0

    def close(self) -> None:
        """Nothing to let go of."""


def name_in(body: bytes) -> str:
    request = TRACES.request.FromString(body)
    return str(request.resource_spans[0].scope_spans[0].spans[0].name)


def named(number: int) -> bytes:
    return a_trace_request(a_span(name=f"{number:04}")).SerializeToString()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[SendingQueue]:
    room = sum(len(named(number)) for number in range(CALLS))
    queue = SendingQueue(tmp_path / "backend.queue", max_bytes=room)
    yield queue
    queue.close()


def test_after_ten_minutes_all_that_had_room_arrives_in_order_and_the_rest_is_counted(
    queue: SendingQueue,
) -> None:
    time = SimulatedTime()
    transport = AwayUntil(time, OUTAGE_S)
    lost: list[tuple[str, str, int, str]] = []
    destination = Destination(
        "otlp_grpc/backend",
        transport,
        queue,
        retry=Retry(),
        on_loss=lambda *loss: lost.append(loss),
    )
    destination._stopping = time

    for number in range(2 * CALLS):  # all while it is away
        destination.put(TRACES, 1, named(number))
    destination.start()
    assert queue.wait_until_empty(60)
    destination.stop(5)

    assert [f"{number:04}" for number in range(CALLS)] == transport.taken
    assert [("otlp_grpc/backend", "traces", 1, "the queue is full")] * CALLS == lost
    counted = destination.tally.snapshot()
    assert CALLS == counted["exporter_sent_spans"]
    assert CALLS == counted["exporter_enqueue_failed_spans"]
    assert transport.tried < CALLS + 60, "it asks twice a minute, not all the time"


def send(server: RunningServer, number: int) -> None:
    call = a_tool_call(call_id=f"{number}", result=OUTPUT + str(number))
    answer = httpx.post(
        server.otlp_http_endpoint + "/v1/traces",
        content=hook_traces(call).SerializeToString(),
        headers={
            "authorization": f"Bearer {server.key}",
            "content-type": "application/x-protobuf",
        },
        timeout=30,
    )
    assert 200 == answer.status_code


def test_what_a_server_could_not_keep_for_a_destination_is_an_event_and_nothing_else_is_lost(
    judge: Judge, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    backend, file = a_rig(judge), tmp_path / "forward.yaml"
    file.write_text(
        f"""
        exporters:
          otlp_http/backend:
            endpoint: http://127.0.0.1:{port}
            headers: {{authorization: {AUTHORIZATION}}}
            retry_on_failure: {{initial_interval: 100ms, max_interval: 200ms}}
            sending_queue: {{size_mib: 0.2}}
        """
    )
    with a_server(tmp_path, AGENTAUDIT_FORWARD_FILE=str(file)) as server:
        for number in range(CALLS):
            send(server, number)
        server.stop()  # what was lost is recorded at the latest when it stops
        server.start()
        told = server.request("GET", "/v1/events?q=kind:logging_state").json()["events"]
        details = [server.request("GET", f"/v1/events/{one['id']}").json() for one in told]
        lost = sum(detail["data"]["items"] for detail in details)
        with serving(lambda: backend.http(port=port)):
            wait_until(lambda: len(backend.store.events()) == CALLS - lost)

    assert 0 < lost < CALLS
    assert {"the queue is full"} == {detail["data"]["why"] for detail in details}
