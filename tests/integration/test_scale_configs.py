"""The Collector configurations of docs/scale, read and run by a real Collector."""

import subprocess
from collections import Counter
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.tls import ServerTls
from tests.support.builders import a_tool_call
from tests.support.collector import CONFIG, a_collector
from tests.support.forwarding import KeptRequests
from tests.support.otlp import (
    AUTHORIZATION,
    KEY,
    ORGANIZATION,
    a_rig,
    a_span,
    a_trace_request,
    hook_traces,
    serving,
)
from tests.support.requirements import need
from tests.support.tls import make_certificates

pytestmark = pytest.mark.collector

SCALE = CONFIG.parent / "docs/scale"
HMAC_KEY = "a key of thirty-two bytes, or more"


def send(port: int, request: ExportTraceServiceRequest) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        TraceServiceStub(channel).Export(
            request, metadata=(("authorization", AUTHORIZATION),), timeout=15
        )


@pytest.mark.parametrize(
    "config", [CONFIG, *sorted(SCALE.glob("*.yaml"))], ids=lambda path: path.name
)
def test_the_collector_finds_nothing_wrong_with_a_configuration(
    config: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(KEY)
    settings = {
        "AGENTAUDIT_INGEST_KEY": KEY,
        "REDACTION_HMAC_KEY": HMAC_KEY,
        "SENDER_TOKENS_FILE": str(token),
        "BACKEND_TOKEN_FILE": str(token),
        "QUEUE_DIRECTORY": str(tmp_path / "queue"),
    }

    checked = subprocess.run(
        [need("collector"), "validate", "--config", config],
        env=settings,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert (0, "") == (checked.returncode, checked.stderr)


def test_a_session_stays_with_one_of_two_processors_and_keeps_its_key(judge: Judge) -> None:
    first, second = a_rig(judge), a_rig(judge)
    calls = [
        a_tool_call(session_id=f"session-{number}", call_id=f"call-{call}")
        for number in range(20)
        for call in range(3)
    ]

    with (
        serving(first.grpc) as one,
        serving(second.grpc) as two,
        a_collector(
            SCALE / "load-balancing.yaml",
            PROCESSOR_1_ENDPOINT=f"127.0.0.1:{one.port}",
            PROCESSOR_2_ENDPOINT=f"127.0.0.1:{two.port}",
        ) as running,
    ):
        send(running.grpc_port, hook_traces(*calls))

    shares = [
        Counter(event.activity.session_id for event in rig.store.events(ORGANIZATION))
        for rig in (first, second)
    ]
    assert Counter({f"session-{number}": 3 for number in range(20)}) == shares[0] + shares[1]
    assert all(shares)
    assert shares[0].keys().isdisjoint(shares[1])


def test_on_its_way_out_a_value_is_masked_once_more_and_the_backend_gets_its_token(
    judge: Judge, tmp_path: Path
) -> None:
    certificates = make_certificates(tmp_path)
    token = tmp_path / "token"
    token.write_text(KEY)
    kept = KeptRequests()
    backend = a_rig(judge, kept)
    tls = ServerTls(cert_file=certificates.server, key_file=certificates.server)

    with (
        serving(lambda: backend.grpc(tls=tls)) as receiver,
        a_collector(
            SCALE / "egress.yaml",
            BACKEND_ENDPOINT=f"127.0.0.1:{receiver.port}",
            BACKEND_CA_FILE=str(certificates.ca),
            BACKEND_TOKEN_FILE=str(token),
            REDACTION_HMAC_KEY=HMAC_KEY,
            QUEUE_DIRECTORY=str(tmp_path / "queue"),
        ) as running,
    ):
        send(running.enriched_port, a_trace_request(a_span({"note": "AKIA" + "Q" * 16})))
        arrived = kept.arrived.wait(20)

    assert arrived
    assert "AKIA" not in str(kept.requests)
    assert "redaction.masked.count" in str(kept.requests)
    assert list((tmp_path / "queue").iterdir())
