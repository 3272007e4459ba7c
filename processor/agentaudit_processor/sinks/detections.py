"""One log record `agentaudit.detection` for each finding, beside the span it was found in.

Backends that index logs can alert on them; a span's attributes hold only the weightiest finding.
Severity numbers are those of the upstream draft `agent.threat.detection`.
"""

from collections.abc import Sequence

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs, SeverityNumber

from agentaudit_processor import __version__
from agentaudit_processor import attributes as names
from agentaudit_processor.model import Fact, Finding, RiskLevel
from agentaudit_processor.otlp import put_attributes
from agentaudit_processor.sinks.enrich import Enriched, security_rule

_SERVICE = "agentaudit-processor"
_SEVERITY = {
    RiskLevel.LOW: SeverityNumber.SEVERITY_NUMBER_INFO,
    RiskLevel.MEDIUM: SeverityNumber.SEVERITY_NUMBER_WARN,
    RiskLevel.HIGH: SeverityNumber.SEVERITY_NUMBER_ERROR,
    RiskLevel.CRITICAL: SeverityNumber.SEVERITY_NUMBER_FATAL,
}


def detections_of(enriched: Sequence[Enriched]) -> ExportLogsServiceRequest | None:
    """The findings of a request's items; None where nothing was found. All values are masked."""
    request = ExportLogsServiceRequest()
    held = request.resource_logs.add()
    put_attributes(
        held.resource, {names.SERVICE_NAME: _SERVICE, names.SERVICE_VERSION: __version__}
    )
    scope_logs = held.scope_logs.add()
    scope_logs.scope.name, scope_logs.scope.version = names.PROCESSOR_SCOPE, __version__
    for one in enriched:
        for finding in one.event.findings:
            _add(scope_logs, one, finding)
    return request if scope_logs.log_records else None


def _add(scope_logs: ScopeLogs, one: Enriched, finding: Finding) -> None:
    event, activity = one.event, one.event.activity
    at_ns = activity.at_ns if isinstance(activity, Fact) else activity.started_ns
    record: LogRecord = scope_logs.log_records.add(
        event_name=names.EVENT_DETECTION,
        time_unix_nano=max(at_ns, 0),
        trace_id=one.item.trace_id,
        span_id=one.item.span_id,
        severity_number=_SEVERITY[finding.severity],
        severity_text=finding.severity.label,
    )
    record.body.string_value = finding.title
    put_attributes(
        record,
        {
            names.PROCESSOR_VERSION: __version__,
            names.EVENT_ID: event.event_id,
            names.DETECTION_WHERE: finding.where,
            names.DETECTION_EXCERPT: finding.excerpt,
            names.DETECTION_EXPLANATION: finding.explanation,
            names.DETECTION_ADVICE: finding.advice,
            names.DETECTION_COUNT: finding.count,
            names.DETECTION_CONFIDENCE: finding.confidence or "",
            names.POLICY_OUTCOME: event.verdict.decision.value,
            names.SESSION_ID: activity.session_id,
            names.AGENT_NAME: activity.actor.agent_name,
            **({names.DETECTION_TAGS: list(finding.tags)} if finding.tags else {}),
            **security_rule(finding),
        },
    )
