"""No secret goes onward, in whatever part of a request it stands; nothing else is touched."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from agentaudit_processor.classify import laid_secrets
from agentaudit_processor.classify.sheet import Laid
from agentaudit_processor.model import Json
from agentaudit_processor.otlp import LOGS, METRICS, TRACES, Signal
from agentaudit_processor.sinks.enrich import MASKED
from agentaudit_processor.sinks.forward import Outgoing, onward
from agentaudit_processor.sinks.secrets import mask_secrets
from tests.support.canaries import SECRETS, TELLING
from tests.support.otlp import pairs

SECRET = SECRETS["GitHub"]
KEY = b"k" * 32
SPAN_PARTS = ("span name", "status", "attribute", "key", "event name", "event", "link")
PARTS = ("resource", "scope name", "scope version", "scope", *SPAN_PARTS)


def a_trace(text: str, *parts: str) -> ExportTraceServiceRequest:
    """One span that is no tool call, with `text` in these parts."""
    request = ExportTraceServiceRequest()
    held = request.resource_spans.add(schema_url="https://opentelemetry.io/schemas/1.37.0")
    scope_spans = held.scope_spans.add()
    span = scope_spans.spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, trace_state="a=b")
    span.name = text if "span name" in parts else "GET /"
    span.status.message = text if "status" in parts else ""
    event, link = span.events.add(name="retry"), span.links.add(trace_id=b"u" * 16)
    event.name = text if "event name" in parts else "retry"
    scope_spans.scope.name = text if "scope name" in parts else "sdk"
    scope_spans.scope.version = text if "scope version" in parts else "1.0.0"
    holders = {
        "resource": held.resource,
        "scope": scope_spans.scope,
        "attribute": span,
        "event": event,
        "link": link,
    }
    for part, holder in holders.items():
        holder.attributes.extend(pairs({"their.note": text if part in parts else "plain"}))
    if "key" in parts:
        span.attributes.extend(pairs({text: "x"}))
    return request


def sent_on(signal: Signal, request: Any) -> bytes:
    return b"".join(body for _, _, body in onward(signal, request, [], Outgoing()))


@pytest.mark.parametrize("name", SECRETS)
def test_no_part_of_a_span_that_is_no_tool_call_takes_a_secret_onward(name: str):
    told = TELLING.get(name, SECRETS[name])

    body = sent_on(TRACES, a_trace(f"with {SECRETS[name]}", *PARTS))

    assert told.encode() not in body
    assert b"[secret:" in body


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_masked_for_itself_and_the_others_stay(part: str):
    request = a_trace(f"see {SECRET}", part)

    mask_secrets(request, KEY)

    masked = request.SerializeToString()
    assert SECRET.encode() not in masked
    assert request.resource_spans[0].scope_spans[0].spans[0].trace_state == "a=b"
    assert masked.count(b"[secret:") == 1
    assert masked.count(b"plain") == 5 - (
        part in ("resource", "scope", "attribute", "event", "link")
    )


def test_what_holds_no_secret_goes_onward_byte_for_byte():
    request = a_trace("alice@example.com", "attribute", "resource")
    raw = request.SerializeToString() + b"\xfa\x3e\x03new"  # a field that nobody knows yet
    request.ParseFromString(raw)

    assert sent_on(TRACES, request) == raw


def test_ids_are_not_taken_for_what_their_key_might_mean():
    request = a_trace("x")
    ids = {
        "session.id": "7c9e6679742540de944be07fc1f90ae7",
        "gen_ai.tool.call.id": "toolu_01A09q90qw90lq917835lq9",
        "token.id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.extend(pairs(ids))

    mask_secrets(request, KEY)

    assert ids.items() <= {p.key: p.value.string_value for p in span.attributes}.items()


def test_the_same_secret_has_the_same_mask_everywhere_under_one_key():
    first, second = a_trace(SECRET, "status"), a_trace(SECRET, "resource")

    mask_secrets(first, KEY)
    mask_secrets(second, KEY)

    mask = first.resource_spans[0].scope_spans[0].spans[0].status.message
    assert mask.startswith("[secret:github_token:40:")
    assert second.resource_spans[0].resource.attributes[0].value.string_value == mask


@pytest.mark.parametrize(
    "written",
    [
        json.dumps({"env": {"TOKEN": SECRET}}),
        json.dumps(json.dumps({"deep": SECRET})),
        f"x 'g\\u0068p_{SECRET[4:]}' y",
        quote(f"https://x/?token={SECRET}", safe=""),
        "Authorization: Basic " + b64encode(f"bob:{SECRET}".encode()).decode(),
        f"echo {b64encode(SECRET.encode()).decode()} | base64 -d",
        "password=h4rd2Gue55x",
    ],
)
def test_a_secret_is_found_within_what_it_is_wrapped_in(written: str):
    request = a_trace(written, "attribute")

    mask_secrets(request, KEY)

    body = request.SerializeToString()
    for bare in (SECRET, SECRET[4:], b64encode(SECRET.encode()).decode(), "h4rd2Gue55x"):
        assert bare.encode() not in body


def test_a_password_is_known_by_the_last_part_of_its_attributes_key():
    request = a_trace("x")
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.extend(pairs({"db.connection.password": "summer-2026!"}))

    mask_secrets(request, KEY)

    assert b"summer-2026" not in request.SerializeToString()


@pytest.mark.parametrize("kind", ["text", "bytes", "list", "map"])
def test_every_kind_of_value_is_looked_into(kind: str):
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    values = {
        "text": AnyValue(string_value=SECRET),
        "bytes": AnyValue(bytes_value=b"\xff" + SECRET.encode()),
    }
    body = values.get(kind) or AnyValue()
    if kind == "list":
        body.array_value.values.add().string_value = SECRET
    if kind == "map":
        body.kvlist_value.values.add(key="x").value.string_value = SECRET
    record.body.CopyFrom(body)

    masked = sent_on(LOGS, request)

    assert SECRET.encode() not in masked
    assert b"[secret:" in masked


def test_metrics_take_no_secret_onward_either():
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(description=SECRET)
    point = metric.sum.data_points.add(as_int=1)
    point.attributes.extend(pairs({"url": f"https://x/?key={SECRET}"}))
    point.exemplars.add(as_int=1).filtered_attributes.extend(pairs({"note": SECRET}))

    masked = sent_on(METRICS, request)

    assert SECRET.encode() not in masked
    assert masked.count(b"[secret:") == 3


def test_what_was_too_much_to_scan_does_not_go_onward_unread():
    text = " ".join(f"key{at}={SECRET[:-4]}{at:04}" for at in range(4000))
    request = a_trace(text, "attribute")

    mask_secrets(request, KEY)

    assert SECRET[:-4].encode() not in request.SerializeToString()


def test_what_was_taken_out_already_is_not_scanned_once_more(monkeypatch: pytest.MonkeyPatch):
    told = {f"some.key{number}": MASKED for number in range(1_000)}
    request = TRACES.request()
    scope = request.resource_spans.add().scope_spans.add()
    scope.spans.add(attributes=pairs(told | {"left": "words that are left"}))
    scanned: list[object] = []

    def counted(values: Mapping[str, Json]) -> Laid:
        scanned.extend(values.values())
        return Laid(values)

    monkeypatch.setattr(laid_secrets, "Laid", counted)
    mask_secrets(request, b"")

    assert ["words that are left"] in scanned
    assert [MASKED] not in scanned
