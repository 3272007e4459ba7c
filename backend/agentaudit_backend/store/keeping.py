"""What of an Event is kept at each logging level. The Event itself always is.

| level | kept |
|---|---|
| minimal | who, when, which tool, verdict with reasons, types, controls; no text of the call |
| standard | also arguments, summary, excerpts, working directory; no result, no unknown fields |
| full, paranoid | everything, masked as the judge masked it |
"""

from dataclasses import replace

from agentaudit_processor.model import Activity, AuditEvent, Fact
from agentaudit_processor.policy import LoggingLevel


def kept(event: AuditEvent, level: LoggingLevel) -> AuditEvent:
    """`event` with the texts that `level` keeps."""
    if level is LoggingLevel.MINIMAL:
        return replace(
            event,
            activity=_without_texts(event.activity),
            findings=tuple(replace(f, excerpt="", sample=None) for f in event.findings),
            summary=_name(event.activity),
        )
    if level is LoggingLevel.STANDARD and not isinstance(event.activity, Fact):
        activity = replace(event.activity, result=None, error_message=None, extra={})
        return replace(event, activity=activity)
    return event


def _without_texts(activity: Activity) -> Activity:
    if isinstance(activity, Fact):
        return replace(activity, data={}, cwd=None)
    return replace(activity, arguments={}, result=None, error_message=None, extra={}, cwd=None)


def _name(activity: Activity) -> str:
    return activity.name if isinstance(activity, Fact) else activity.tool_name
