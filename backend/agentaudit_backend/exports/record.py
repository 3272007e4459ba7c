"""EventDetail -> the object that an export tells of it. A reader's program depends on its shape."""

from datetime import datetime

from agentaudit_backend.store.views import EventDetail, Leaf
from agentaudit_processor.model import ControlHit, Finding, Json

FORMAT = "agentaudit.event/1"
"""Name and version of the shape; a field is added without, renamed only with a new version."""


def record_of(event: EventDetail) -> dict[str, Json]:
    """Everything kept of an Event, masked as it is stored. Times are RFC 3339 in UTC."""
    row, verdict = event.row, event.verdict
    return {
        "format": FORMAT,
        "event_id": row.event_id,
        "kind": row.kind.value,
        "phase": row.phase.value,
        "started_at": _time(event.started_at),
        "ended_at": _time(event.ended_at),
        "duration_ms": event.duration_ms,
        "session_id": row.session_id,
        "call_id": event.call_id,
        "trace_id": event.trace_id,
        "span_id": event.span_id,
        "actor": {
            "user": row.user,
            "user_email": event.user_email,
            "user_id": event.user_id,
            "user_name": event.user_name,
            "host": event.host,
            "agent": row.agent,
            "agent_version": event.agent_version,
            "subagent_type": event.subagent_type,
        },
        "action": row.action.value,
        "action_class": event.action_class,
        "tool": row.tool,
        "mcp_server": event.mcp_server,
        "cwd": event.cwd,
        "permission_mode": event.permission_mode,
        "summary": row.summary,
        "arguments": event.arguments,
        "result": event.result,
        "outcome": row.outcome.value,
        "exit_code": event.exit_code,
        "error_type": event.error_type,
        "error_message": event.error_message,
        "environment": event.environment,
        "signals": list(event.signals),
        "risk_level": verdict.risk_level.label,
        "decision": verdict.decision.value,
        "decided_by": verdict.decided_by.value,
        "threshold": verdict.threshold.label if verdict.threshold else None,
        "reasons": list(verdict.reasons),
        "not_covered": list(verdict.not_covered),
        "policy_version": verdict.policy_version,
        "packs_version": verdict.packs_version,
        "verdict_differs": event.verdict_differs,
        "pii_types": list(row.pii_types),
        "secret_types": list(row.secret_types),
        "findings": [finding_record(finding) for finding in event.findings],
        "controls": [control_record(hit) for hit in event.controls],
        "ledger": [_leaf(leaf) for leaf in event.leaves],
        "extra": dict(event.extra),
        "dialect": event.dialect,
        "replayed": event.replayed,
        "truncated": event.truncated,
    }


def finding_record(finding: Finding) -> dict[str, Json]:
    """A Finding whole."""
    return {
        "rule_id": finding.rule_id,
        "title": finding.title,
        "severity": finding.severity.label,
        "where": finding.where,
        "excerpt": finding.excerpt,
        "explanation": finding.explanation,
        "advice": finding.advice,
        "pack": finding.pack,
        "tags": list(finding.tags),
        "pii": finding.pii,
        "secret": finding.secret,
        "signal": finding.signal,
        "sample": finding.sample,
        "digest": finding.digest,
        "count": finding.count,
        "confidence": finding.confidence,
    }


def control_record(hit: ControlHit) -> dict[str, Json]:
    """A ControlHit."""
    return {
        "framework": hit.framework,
        "control": hit.control,
        "title": hit.title,
        "kind": hit.kind,
        "strength": hit.strength,
        "rationale": hit.rationale,
    }


def _leaf(leaf: Leaf) -> Json:
    return {
        "seq": leaf.seq,
        "phase": leaf.phase.value,
        "leaf_hash": leaf.leaf_hash,
        "recorded_at": _time(leaf.recorded_at),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
