"""OTLP for tests: requests as a sender makes them, and receivers with everything in memory."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_hook.span import is_span, to_log_record, to_span
from agentaudit_processor import attributes as names
from agentaudit_processor.model import Activity
from agentaudit_processor.policy import Policy
from agentaudit_processor.ports import Caller, Refused, Unavailable
from agentaudit_processor.receivers.grpc import GrpcReceiver
from agentaudit_processor.receivers.http import HttpReceiver, otlp_app
from agentaudit_processor.receivers.ingest import Forward, Ingest
from agentaudit_processor.receivers.tls import ServerTls
from agentaudit_processor.sinks.memory import MemorySink
from tests.support.builders import NOON_NS

KEY = "aa_live_" + "k" * 32
AUTHORIZATION = f"Bearer {KEY}"
ORGANIZATION = 7


@dataclass
class MemoryGate:
    """Knows one key."""

    is_available: bool = True
    asked: int = 0
    lock: Lock = field(default_factory=Lock)

    def admit(self, authorization: str | None) -> Caller:
        with self.lock:
            self.asked += 1
        if not self.is_available:
            raise Unavailable("the key store is away")
        if authorization is None:
            raise Refused(401, "no API key: set the authorization header to 'Bearer aa_live_…'")
        if authorization == "Bearer reader":
            raise Refused(403, "this key may not write")
        if authorization != AUTHORIZATION:
            raise Refused(401, "unknown API key")
        return Caller(organization_id=ORGANIZATION, key_id=1, role="ingest")


class DefaultPolicy:
    """The Policy of an organisation that decided nothing."""

    def current(self, organization_id: int) -> Policy:
        return Policy(digest_key=b"k" * 32)


@dataclass
class Rig:
    """An Ingest whose neighbours are in memory, where a test can look at them."""

    gate: MemoryGate
    store: MemorySink
    ingest: Ingest

    def grpc(self, **options: Any) -> GrpcReceiver:
        return GrpcReceiver.start(self.ingest, port=0, **options)

    def http(self, *, port: int = 0, tls: ServerTls | None = None, **options: Any) -> HttpReceiver:
        return HttpReceiver.start(otlp_app(self.ingest, **options), port=port, tls=tls)


def a_rig(judge: Any, forward: Forward | None = None) -> Rig:
    gate, store = MemoryGate(), MemorySink()
    ingest = Ingest(gate=gate, policies=DefaultPolicy(), judge=judge, store=store, forward=forward)
    return Rig(gate=gate, store=store, ingest=ingest)


@contextmanager
def serving(start: Callable[[], Any]) -> Iterator[Any]:
    """A receiver that is stopped when the test is done with it."""
    receiver = start()
    try:
        yield receiver
    finally:
        receiver.stop(1.0)


def value_of(value: Any) -> AnyValue:
    """Any plain value as OTLP writes it."""
    found = AnyValue()
    match value:
        case bool():
            found.bool_value = value
        case int():
            found.int_value = value
        case float():
            found.double_value = value
        case bytes():
            found.bytes_value = value
        case list():
            found.array_value.values.extend(map(value_of, value))
        case dict():
            found.kvlist_value.values.extend(pairs(value))
        case str():
            found.string_value = value
    return found


def pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value_of(value)) for key, value in attributes.items()]


def a_span(attributes: Mapping[str, Any] | None = None, **fields: Any) -> Span:
    """A semconv span of the tool `Bash`, of no emitter of ours; `attributes` come on top."""
    told = {
        names.OPERATION_NAME: names.EXECUTE_TOOL,
        names.TOOL_NAME: "Bash",
        names.TOOL_CALL_ID: "call-1",
        names.TOOL_ARGUMENTS: '{"command": "echo hello"}',
        names.CONVERSATION_ID: "conversation-1",
    }
    defaults: dict[str, Any] = {
        "name": "execute_tool Bash",
        "trace_id": b"t" * 16,
        "span_id": b"s" * 8,
        "kind": Span.SPAN_KIND_INTERNAL,
        "start_time_unix_nano": NOON_NS,
        "end_time_unix_nano": NOON_NS + 1_000_000,
        "attributes": pairs(told | dict(attributes or {})),
    }
    return Span(**defaults | fields)


def a_trace_request(
    *spans: Span, scope: str = "some.emitter", resource: Mapping[str, Any] | None = None
) -> ExportTraceServiceRequest:
    """One resource, one scope, these spans."""
    request = ExportTraceServiceRequest()
    held = request.resource_spans.add()
    held.resource.attributes.extend(pairs(resource or {"service.name": "some-agent"}))
    scope_spans = held.scope_spans.add()
    scope_spans.scope.name = scope
    scope_spans.spans.extend(spans)
    return request


def hook_traces(*calls: Activity) -> ExportTraceServiceRequest:
    """The ended calls among `calls`, as the hook's exporter writes them."""
    return encode_spans([to_span(call) for call in calls if is_span(call)])  # type: ignore[arg-type]


def hook_logs(*activities: Activity) -> ExportLogsServiceRequest:
    """The requests and facts among `activities`, as the hook's exporter writes them."""
    return encode_logs([to_log_record(one) for one in activities if not is_span(one)])
