"""Our redaction beside the Collector's own `redaction` processor: same rules, same spans."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_backend.forwarding import RedactionPart
from agentaudit_processor.dialects.record import attributes_of
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.sinks.redacting import redact
from agentaudit_processor.sinks.redaction import Redaction, RedactionRules
from tests.support.collector import a_collector
from tests.support.forwarding import KeptRequests
from tests.support.otlp import AUTHORIZATION, a_rig, a_span, a_trace_request, pairs, serving

pytestmark = pytest.mark.collector

CARD = "4111111111111111"
RULES: dict[str, dict[str, Any]] = {
    "nothing is allowed": {"summary": "debug"},
    "an allow-list": {
        "allowed_keys": ["note", "card", "user.token"],
        "ignored_keys": ["safe"],
        "ignored_key_patterns": ["^trusted"],
        "blocked_values": ["4[0-9]{15}", "secret"],
        "summary": "debug",
    },
    "blocked keys and values, one after the other": {
        "allow_all_keys": True,
        "blocked_key_patterns": [".*token.*"],
        "blocked_values": ["4[0-9]{15}", "[a-z]+@example.com"],
        "allowed_values": ["^public"],
        "summary": "info",
    },
    "all types, hashed": {
        "allow_all_keys": True,
        "redact_all_types": True,
        "blocked_values": ["4[0-9]{15}"],
        "hash_function": "hmac-sha256",
        "hmac_key": "a key of thirty-two bytes, or more",
        "summary": "silent",
    },
    "sha3": {"allow_all_keys": True, "blocked_values": ["secret"], "hash_function": "sha3"},
}
ATTRIBUTES: Mapping[str, Any] = {
    "note": f"card {CARD}, secret, alice@example.com",
    "card": int(CARD),
    "user.token": "abc",
    "public": f"public {CARD}",
    "safe": CARD,
    "trusted.value": CARD,
    "yes": True,
    "part": 0.5,
}
CONFIG = """
extensions: {health_check: {endpoint: "${env:COLLECTOR_HEALTH_ENDPOINT}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:COLLECTOR_GRPC_ENDPOINT}"}}}}
exporters:
  otlp_grpc:
    endpoint: "${env:BACKEND}"
    tls: {insecure: true}
    headers: {authorization: "${env:AUTHORIZATION}"}
    sending_queue: {enabled: false}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], processors: [redaction], exporters: [otlp_grpc]}}
"""


@pytest.mark.parametrize("rules", RULES.values(), ids=list(RULES))
def test_the_same_rules_let_the_same_pass(
    judge: Judge, tmp_path: Path, rules: dict[str, Any]
) -> None:
    span = a_span(events=[Span.Event(name="e", attributes=pairs(ATTRIBUTES))])
    span.ClearField("attributes")
    span.attributes.extend(pairs(ATTRIBUTES))
    request = a_trace_request(span, resource=ATTRIBUTES)

    theirs = through_a_collector(request, rules, judge, tmp_path)
    redact(Redaction(RedactionRules(**RedactionPart(**rules).model_dump())), request)

    assert told(request) == told(theirs)


def through_a_collector(
    request: ExportTraceServiceRequest, rules: dict[str, Any], judge: Judge, folder: Path
) -> ExportTraceServiceRequest:
    """What the Collector's processor makes of a copy."""
    written = folder / "collector.yaml"
    written.write_text(CONFIG + yaml.safe_dump({"processors": {"redaction": rules}}))
    kept = KeptRequests()
    with (
        serving(a_rig(judge, kept).grpc) as backend,
        a_collector(
            written, BACKEND=f"127.0.0.1:{backend.port}", AUTHORIZATION=AUTHORIZATION
        ) as running,
        grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel,
    ):
        TraceServiceStub(channel).Export(request, timeout=15)
    (passed,) = kept.requests
    assert isinstance(passed, ExportTraceServiceRequest)
    return passed


def told(request: ExportTraceServiceRequest) -> list[dict[str, Any]]:
    (held,) = request.resource_spans
    (span,) = held.scope_spans[0].spans
    holders = (held.resource, span, span.events[0])
    return [attributes_of(holder.attributes) for holder in holders]
