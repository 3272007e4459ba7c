"""What the processor reads of an Activity that the hook put on the wire."""

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from agentaudit_hook.span import is_span, to_log_record, to_span
from agentaudit_processor.dialects.normalise import activity_of_log, activity_of_span
from agentaudit_processor.dialects.record import Source
from agentaudit_processor.model import Activity, ToolCall


def through_otlp(activity: Activity) -> Activity | None:
    """`activity` as span or log record of the hook, encoded, and read back by the processor."""
    if is_span(activity):
        assert isinstance(activity, ToolCall)
        (spans,) = encode_spans([to_span(activity)]).resource_spans
        (scoped,) = spans.scope_spans
        return activity_of_span(scoped.spans[0], Source.of(spans.resource, scoped.scope))
    (logs,) = encode_logs([to_log_record(activity)]).resource_logs
    (scoped_logs,) = logs.scope_logs
    return activity_of_log(scoped_logs.log_records[0], Source.of(logs.resource, scoped_logs.scope))
