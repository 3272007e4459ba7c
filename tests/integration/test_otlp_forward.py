"""Forwarding over real sockets, on both transports: a second processor is the destination."""

import json
import time

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.record import attributes_of
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Caller
from tests.support.builders import a_tool_call
from tests.support.collector import free_ports
from tests.support.forwarding import KeptRequests, counted, forward_to
from tests.support.otlp import (
    AUTHORIZATION,
    ORGANIZATION,
    a_rig,
    a_span,
    a_trace_request,
    hook_traces,
    pairs,
    serving,
)

CALLER = Caller(organization_id=ORGANIZATION, key_id=1, role="ingest")


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_an_enriched_call_reaches_the_destination(judge: Judge, protocol: str) -> None:
    onward = KeptRequests()
    destination = a_rig(judge, onward)
    start = destination.grpc if protocol == "grpc" else destination.http

    with serving(start) as receiver:
        forward = forward_to(
            f"http://127.0.0.1:{receiver.port}",
            protocol=protocol,
            headers={"Authorization": AUTHORIZATION},
        )
        rig = a_rig(judge, forward)
        rig.ingest.take(TRACES, CALLER, hook_traces(a_tool_call()))
        forward.stop()

    assert counted(forward) == {"exporter_sent_spans": 1}
    assert len(destination.store.events()) == 1
    span = onward.requests[0].resource_spans[0].scope_spans[0].spans[0]
    assert attributes_of(span.attributes)[names.RISK_LEVEL] == "low"


def test_no_secret_and_no_personal_data_of_a_call_reaches_the_destination(judge: Judge) -> None:
    token, mail = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5", "jane.doe@customer.example.org"
    said = f"curl -H 'Authorization: token {token}' https://x.example/?u={mail}"
    span = a_span(
        {
            names.TOOL_ARGUMENTS: json.dumps({"command": said}),
            names.TOOL_RESULT: {"stdout": [f"hello {mail}", f"{token}\n"]},
            names.PROCESS_COMMAND_LINE: said,
            "custom.note": f"mail {mail} the token {token}",
        },
        status=Status(code=Status.STATUS_CODE_ERROR, message=f"{token} is not valid"),
        events=[Span.Event(name="exception", attributes=pairs({"exception.message": said}))],
    )
    onward = KeptRequests()

    with serving(a_rig(judge, onward).grpc) as receiver:
        forward = forward_to(
            f"http://127.0.0.1:{receiver.port}", headers={"authorization": AUTHORIZATION}
        )
        a_rig(judge, forward).ingest.take(TRACES, CALLER, a_trace_request(span))
        forward.stop()

    (request,) = onward.requests
    sent = request.SerializeToString()
    found = attributes_of(request.resource_spans[0].scope_spans[0].spans[0].attributes)
    assert (token.encode() in sent, mail.encode() in sent) == (False, False)
    assert found[names.SECRET_TYPES]
    assert found[names.PII_TYPES] == ["email"]
    assert names.TOOL_ARGUMENTS in found[names.REDACTION_KEYS]


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_refused_key_is_not_tried_again(judge: Judge, protocol: str) -> None:
    destination = a_rig(judge)
    start = destination.grpc if protocol == "grpc" else destination.http

    with serving(start) as receiver:
        forward = forward_to(f"http://127.0.0.1:{receiver.port}", protocol=protocol)
        forward.offer(TRACES, hook_traces(a_tool_call()), [])
        forward.stop()

    assert counted(forward) == {"exporter_send_failed_spans": 1}
    assert destination.gate.asked == 1


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_what_the_destination_refuses_of_a_request_counts_as_lost(
    judge: Judge, protocol: str
) -> None:
    destination = a_rig(judge)
    start = destination.grpc if protocol == "grpc" else destination.http
    request = a_trace_request(a_span(), a_span(trace_id=b"short"))

    with serving(start) as receiver:
        forward = forward_to(
            f"http://127.0.0.1:{receiver.port}",
            protocol=protocol,
            headers={"authorization": AUTHORIZATION},
        )
        forward.offer(TRACES, request, [])
        forward.stop()

    assert counted(forward) == {"exporter_sent_spans": 1, "exporter_send_failed_spans": 1}


@pytest.mark.otlp(58)
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_destination_that_is_not_there_delays_no_ack(judge: Judge, protocol: str) -> None:
    forward = forward_to(f"http://127.0.0.1:{free_ports(1)[0]}", protocol=protocol)
    rig = a_rig(judge, forward)
    begun = time.monotonic()

    for number in range(20):
        rig.ingest.take(TRACES, CALLER, hook_traces(a_tool_call(call_id=str(number))))
    took_s = time.monotonic() - begun
    forward.stop(grace_s=0.1)

    assert len(rig.store.events()) == 20
    assert took_s < 2
