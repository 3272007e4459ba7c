"""The Event of an Activity that broke the Judge: it is recorded, and says so.

Nothing of its content is kept, for nothing of it could be masked.
"""

from dataclasses import replace

from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import (
    Activity,
    AuditEvent,
    DecidedBy,
    Decision,
    Effects,
    EventKind,
    Fact,
    Finding,
    Json,
    RiskLevel,
    ToolCall,
    Verdict,
)
from agentaudit_processor.policy import Policy

RULE_ID = "agentaudit.judge_failed"
_WITHHELD: dict[str, Json] = {"withheld": "the judge failed on this content"}


def unjudged(activity: Activity, policy: Policy, error: Exception) -> AuditEvent:
    """An Event of level `high`, so that somebody looks; `error` gives its type's name only."""
    explanation = f"Judging this stopped with {type(error).__name__}; its content was not kept."
    client = activity.client_verdict if isinstance(activity, ToolCall) else None
    activity_id = activity.call_id if isinstance(activity, ToolCall) else activity.fact_id
    return AuditEvent(
        event_id=event_id_of(activity.session_id, activity_id),
        kind=EventKind.TOOL_CALL if isinstance(activity, ToolCall) else activity.kind,
        activity=_without_content(activity),
        findings=(_finding(explanation),),
        effects=Effects(),
        verdict=Verdict(
            decision=client.decision if client else Decision.OBSERVE,
            decided_by=DecidedBy.POLICY if client else DecidedBy.NONE,
            risk_level=RiskLevel.HIGH,
            reasons=(explanation,),
            policy_version=str(policy.version),
            packs_version="none",
            threshold=policy.threshold,
            not_covered=("all of it: the judge failed",),
        ),
        controls=(),
        summary="content withheld: the judge failed",
    )


def _without_content(activity: Activity) -> Activity:
    if isinstance(activity, Fact):
        return replace(activity, data=_WITHHELD)
    message = "withheld" if activity.error_message else None
    return replace(activity, arguments=_WITHHELD, result=None, extra={}, error_message=message)


def _finding(explanation: str) -> Finding:
    return Finding(
        rule_id=RULE_ID,
        title="AgenticAudit could not judge this",
        severity=RiskLevel.HIGH,
        where="",
        excerpt="",
        explanation=explanation,
        advice="Look at the session around it, and report the failure to the makers.",
        pack="agentaudit",
    )
