"""AuditEvents for tests of the store, without a judge: a test says what was found."""

from typing import Any

from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import (
    Activity,
    AuditEvent,
    ControlHit,
    DecidedBy,
    Decision,
    Effects,
    EventKind,
    Fact,
    Finding,
    RiskLevel,
    ToolCall,
    Verdict,
)
from tests.support.builders import NOON_NS, a_request, a_tool_call

MINUTE_NS = 60_000_000_000


def a_finding(**fields: Any) -> Finding:
    """A Finding: an e-mail address in the command."""
    defaults: dict[str, Any] = {
        "rule_id": "pii.email",
        "title": "E-mail address",
        "severity": RiskLevel.LOW,
        "where": "arguments.command",
        "excerpt": "echo a•••@e•••.com",
        "explanation": "An e-mail address is personal data.",
        "advice": "Find out who needs it.",
        "pack": "pii@1",
        "pii": "email",
        "sample": "a•••@e•••.com",
        "tags": ("owasp.llm02:2026",),
    }
    return Finding(**defaults | fields)


def a_control_hit(**fields: Any) -> ControlHit:
    """A ControlHit: evidence for GDPR Art. 30."""
    defaults: dict[str, Any] = {
        "key": "gdpr.30",
        "framework": "gdpr",
        "control": "Art. 30(1)",
        "title": "Records of processing activities",
        "kind": "evidence",
        "strength": "weak",
        "rationale": "Helps to check the record of processing.",
    }
    return ControlHit(**defaults | fields)


def an_event(activity: Activity | None = None, **fields: Any) -> AuditEvent:
    """An AuditEvent of `activity` (default: a ToolCall that ended): low, allowed, nothing found.

    `risk`, `decision` and `reasons` go into the Verdict.
    """
    activity = activity or a_tool_call()
    is_fact = isinstance(activity, Fact)
    own_id = activity.fact_id if isinstance(activity, Fact) else activity.call_id
    verdict = Verdict(
        decision=fields.pop("decision", Decision.ALLOW),
        decided_by=DecidedBy.POLICY,
        risk_level=fields.pop("risk", RiskLevel.LOW),
        reasons=fields.pop("reasons", ("Runs an ordinary command",)),
        policy_version="1",
        packs_version="test",
    )
    defaults: dict[str, Any] = {
        "event_id": event_id_of(activity.session_id, own_id),
        "kind": activity.kind if is_fact else EventKind.TOOL_CALL,
        "activity": activity,
        "findings": (),
        "effects": Effects(),
        "verdict": verdict,
        "controls": (),
        "summary": "echo hello",
    }
    return AuditEvent(**defaults | fields)


def numbered_call(number: int, **fields: Any) -> ToolCall:
    """The call of this number: one a minute, ten a session."""
    started_ns = NOON_NS + number * MINUTE_NS
    defaults: dict[str, Any] = {
        "session_id": f"session-{number // 10}",
        "call_id": f"toolu_{number}",
        "started_ns": started_ns,
        "ended_ns": started_ns + 60_000_000,
    }
    return a_tool_call(**defaults | fields)


def numbered_request(number: int, **fields: Any) -> ToolCall:
    """The same call before it ran."""
    call = numbered_call(number)
    asked: dict[str, Any] = {
        "session_id": call.session_id,
        "call_id": call.call_id,
        "started_ns": call.started_ns,
    }
    return a_request(**asked | fields)
