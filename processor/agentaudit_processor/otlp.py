"""The OTLP signals: what a request of each holds, where it is sent, how its answer names refusals.

Source: opentelemetry-proto 1.11, `docs/specification.md` and `collector/*/v1/*_service.proto`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

MAX_BYTES = 64 * 1024 * 1024
"""The largest request body, after decompression."""

Request = ExportTraceServiceRequest | ExportLogsServiceRequest | ExportMetricsServiceRequest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signal:
    """One of traces, logs, metrics."""

    name: str
    items: str
    """What one is called in counters: `spans`, `log_records`, `metric_points`."""
    path: str
    method: str
    """Full name of the gRPC method."""
    request: type[Request]
    response: type[Message]
    count: Callable[[Any], int]
    """Number of items in a request."""

    def answer(self, rejected: int, message: str) -> Message:
        """The response; nothing is set in it when all was taken."""
        response = self.response()
        if rejected or message:
            partial = response.partial_success  # type: ignore[attr-defined]
            setattr(partial, f"rejected_{self.rejected}", rejected)
            partial.error_message = message
        return response

    @property
    def rejected(self) -> str:
        """How `partial_success` calls the items."""
        return "data_points" if self is METRICS else self.items


def _spans(request: ExportTraceServiceRequest) -> int:
    return sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans)


def _log_records(request: ExportLogsServiceRequest) -> int:
    return sum(len(s.log_records) for r in request.resource_logs for s in r.scope_logs)


def _points(request: ExportMetricsServiceRequest) -> int:
    return sum(
        1
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for _ in data_points(scope.metrics)
    )


def data_points(metrics: Any) -> Iterator[Any]:
    """The data points of some metrics, of whatever kind."""
    for metric in metrics:
        kind = metric.WhichOneof("data")
        if kind:
            yield from getattr(metric, kind).data_points


_PACKAGE = "/opentelemetry.proto.collector"

TRACES = Signal(
    name="traces",
    items="spans",
    path="/v1/traces",
    method=f"{_PACKAGE}.trace.v1.TraceService/Export",
    request=ExportTraceServiceRequest,
    response=trace_service_pb2.ExportTraceServiceResponse,
    count=_spans,
)
LOGS = Signal(
    name="logs",
    items="log_records",
    path="/v1/logs",
    method=f"{_PACKAGE}.logs.v1.LogsService/Export",
    request=ExportLogsServiceRequest,
    response=logs_service_pb2.ExportLogsServiceResponse,
    count=_log_records,
)
METRICS = Signal(
    name="metrics",
    items="metric_points",
    path="/v1/metrics",
    method=f"{_PACKAGE}.metrics.v1.MetricsService/Export",
    request=ExportMetricsServiceRequest,
    response=metrics_service_pb2.ExportMetricsServiceResponse,
    count=_points,
)
SIGNALS = (TRACES, LOGS, METRICS)
SIGNAL_NAMED = {signal.name: signal for signal in SIGNALS}

Value = str | bool | int | list[str]
"""What an attribute of ours holds."""


def put_attributes(target: Any, values: Mapping[str, Value]) -> None:
    """Add attributes to a span, log record or resource; none of them is there yet."""
    for key, value in values.items():
        pair: KeyValue = target.attributes.add(key=key)
        if isinstance(value, bool):
            pair.value.bool_value = value
        elif isinstance(value, int):
            pair.value.int_value = value
        elif isinstance(value, str):
            pair.value.string_value = value
        else:
            for text in value:
                pair.value.array_value.values.add(string_value=text)
