"""A whole request redacted: every place of a span, log record or data point that can hold text.

Of names, status messages and the like only the values are looked at; attributes by their keys too,
of resource, scope, span, event, link, log record, data point and exemplar.
"""

from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor.otlp import Request, data_points
from agentaudit_processor.sinks.redaction import Redaction, Told


def redact(redaction: Redaction, request: Request) -> None:
    """Redact a request in place."""
    if isinstance(request, ExportTraceServiceRequest):
        for scope_spans in _scopes(redaction, request.resource_spans, "scope_spans"):
            for span in scope_spans.spans:
                _span(redaction, span)
    elif isinstance(request, ExportLogsServiceRequest):
        for scope_logs in _scopes(redaction, request.resource_logs, "scope_logs"):
            for record in scope_logs.log_records:
                _log_record(redaction, record)
    else:
        for scope_metrics in _scopes(redaction, request.resource_metrics, "scope_metrics"):
            for point in data_points(scope_metrics.metrics):
                _held(redaction, point)
                for exemplar in getattr(point, "exemplars", ()):
                    redaction.attributes(exemplar.filtered_attributes, Told())


def _scopes(redaction: Redaction, resources: Any, name: str) -> Iterator[Any]:
    """The scopes of a request, one after the other, redacted with their resources."""
    for held in resources:
        _held(redaction, held.resource)
        for scope in getattr(held, name):
            _held(redaction, scope.scope)
            yield scope


def _span(redaction: Redaction, span: Span) -> None:
    _held(redaction, span)
    span.name = redaction.text(span.name)
    if span.status.message:
        span.status.message = redaction.text(span.status.message)
    for event in span.events:
        event.name = redaction.text(event.name)
        _held(redaction, event)
    for link in span.links:
        _held(redaction, link)


def _log_record(redaction: Redaction, record: LogRecord) -> None:
    _held(redaction, record)
    if record.HasField("body"):
        told = Told()
        redaction.body("", record.body, told)
        _summarise(redaction, record, told, "redaction.body")


def _held(redaction: Redaction, holder: Any) -> None:
    told = Told()
    redaction.attributes(holder.attributes, told)
    _summarise(redaction, holder, told, "redaction")


def _summarise(redaction: Redaction, holder: Any, told: Told, prefix: str) -> None:
    """Say what became of the attributes, under the Collector's names; counts add up."""
    summary = redaction.rules.summary
    if summary == "silent":
        return
    for what in ("redacted", "masked", "allowed", "ignored"):
        keys: list[str] = getattr(told, what)
        if not keys:
            continue
        if summary == "debug" and what != "ignored":
            named = _value(holder, f"{prefix}.{what}.keys")
            known = [one.string_value for one in named.array_value.values]
            known += named.string_value.split(",") if named.string_value else []
            named.string_value = ",".join(sorted([*known, *keys]))
        count = _value(holder, f"{prefix}.{what}.count")
        count.int_value += len(keys)


def _value(holder: Any, key: str) -> AnyValue:
    for pair in holder.attributes:
        if pair.key == key:
            found: AnyValue = pair.value
            return found
    added: AnyValue = holder.attributes.add(key=key).value
    return added
