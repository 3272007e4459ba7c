"""Forwarding over real sockets, on both transports: a second processor is the destination."""

import time
from typing import Any

import pytest

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.record import attributes_of
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Caller
from agentaudit_processor.sinks.forward import OtlpForward
from tests.support.builders import a_tool_call
from tests.support.collector import free_ports
from tests.support.otlp import AUTHORIZATION, ORGANIZATION, a_rig, hook_traces, serving

CALLER = Caller(organization_id=ORGANIZATION, key_id=1, role="ingest")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.load()


class Onward:
    """Keeps the requests that reach the destination."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def offer(self, signal: Any, request: Any, enriched: Any) -> None:
        self.requests.append(request)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_an_enriched_call_reaches_the_destination(judge: Judge, protocol: str) -> None:
    onward = Onward()
    destination = a_rig(judge, onward)
    start = destination.grpc if protocol == "grpc" else destination.http

    with serving(start) as receiver:
        forward = OtlpForward.start(
            f"http://127.0.0.1:{receiver.port}",
            protocol=protocol,
            headers={"Authorization": AUTHORIZATION},
        )
        rig = a_rig(judge, forward)
        rig.ingest.take(TRACES, CALLER, hook_traces(a_tool_call()))
        forward.stop()

    assert forward.tally.snapshot() == {"exporter_sent_spans": 1}
    assert len(destination.store.events()) == 1
    span = onward.requests[0].resource_spans[0].scope_spans[0].spans[0]
    assert attributes_of(span.attributes)[names.RISK_LEVEL] == "low"


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_refused_key_is_not_tried_again(judge: Judge, protocol: str) -> None:
    destination = a_rig(judge)
    start = destination.grpc if protocol == "grpc" else destination.http

    with serving(start) as receiver:
        forward = OtlpForward.start(f"http://127.0.0.1:{receiver.port}", protocol=protocol)
        forward.offer(TRACES, hook_traces(a_tool_call()), [])
        forward.stop()

    assert forward.tally.snapshot() == {"exporter_send_failed_spans": 1}
    assert destination.gate.asked == 1


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_destination_that_is_not_there_delays_no_ack(judge: Judge, protocol: str) -> None:
    forward = OtlpForward.start(f"http://127.0.0.1:{free_ports(1)[0]}", protocol=protocol)
    rig = a_rig(judge, forward)
    begun = time.monotonic()

    for number in range(20):
        rig.ingest.take(TRACES, CALLER, hook_traces(a_tool_call(call_id=str(number))))
    took_s = time.monotonic() - begun
    forward.stop(grace_s=0.1)

    assert len(rig.store.events()) == 20
    assert took_s < 2
