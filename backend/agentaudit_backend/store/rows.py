"""AuditEvent -> the row that lists and filters read: every column of `event` but two.

Which row it is (`pk`) and what it met (`profile`) is known once it is stored.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

from agentaudit_backend.store.values import from_nanoseconds, is_storable, storable
from agentaudit_processor.attributes import VCS_REPOSITORY_URL
from agentaudit_processor.model import (
    Activity,
    AuditEvent,
    ClientVerdict,
    Fact,
    Outcome,
    Phase,
    ToolCall,
)

Row = dict[str, Any]
NAME_LENGTH = 200
"""Characters of a name that is indexed: PostgreSQL's index rows hold 2,704 bytes."""
_TEXT_LENGTH = 4096
_INT64 = 2**63


def event_row(organization_id: int, event: AuditEvent) -> Row:
    """The row of `event`, by column."""
    verdict, effects = event.verdict, event.effects
    pii_types, secret_types = event.pii_types, event.secret_types
    summary = storable(event.summary)
    row: Row = {
        "organization_id": organization_id,
        "event_id": event.event_id,
        "kind": event.kind.value,
        "risk": int(verdict.risk_level),
        "decision": verdict.decision.value,
        "decided_by": verdict.decided_by.value,
        "threshold": None if verdict.threshold is None else int(verdict.threshold),
        "reason": verdict.reasons[0] if verdict.reasons else "",
        "reasons": verdict.reasons,
        "not_covered": verdict.not_covered,
        "policy_version": verdict.policy_version,
        "packs_version": verdict.packs_version,
        "verdict_differs": event.verdict_differs,
        "has_pii": bool(pii_types),
        "pii_types": pii_types,
        "secret_types": secret_types,
        "action_class": effects.action_class,
        "environment": effects.environment,
        "privileged": effects.privileged,
        "data_flow": effects.data_flow,
        "destination": _text(effects.destination),
        "signals": sorted(effects.signals),
        "summary": summary,
        "search": summary.casefold(),
    }
    row.update(_actor_columns(event))
    row.update(_activity_columns(event))
    return row


def name_of(text: str) -> str:
    """`text` as it is indexed and filtered by: whole if short, else its head and a digest."""
    if not is_storable(text):
        text = storable(text)
    if len(text) <= NAME_LENGTH:
        return text
    digest = sha256(text.encode()).hexdigest()[:16]
    return f"{text[: NAME_LENGTH - 17]}…{digest}"


def _actor_columns(event: AuditEvent) -> Row:
    actor = event.activity.actor
    return {
        "user_label": name_of(actor.label),
        "user_email": _text(actor.user_email),
        "user_id": _text(actor.user_id),
        "user_name": _text(actor.user_name),
        "host": _name(actor.host_name),
        "agent": name_of(actor.agent_name),
        "agent_version": _name(actor.agent_version),
        "subagent_id": _name(actor.subagent_id),
        "subagent_type": _name(actor.subagent_type),
    }


def _activity_columns(event: AuditEvent) -> Row:
    activity = event.activity
    row: Row = {
        "session_id": name_of(activity.session_id),
        "trace_id": activity.trace_id,
        "action": activity.action.value,
        "permission_mode": _name(activity.permission_mode),
        "prompt_id": _name(activity.prompt_id),
        "cwd": _text(activity.cwd),
        "repo": _name(_repository(activity)),
        "dialect": name_of(activity.dialect),
        "replayed": activity.replayed,
    }
    row.update(_fact_columns(activity) if isinstance(activity, Fact) else _call_columns(activity))
    return row


def _repository(activity: Activity) -> str | None:
    """The last part of the repository's address, or else of the working directory."""
    told = activity.extra.get(VCS_REPOSITORY_URL) if isinstance(activity, ToolCall) else None
    place = told if isinstance(told, str) and told else activity.cwd or ""
    return place.rstrip("/\\").replace("\\", "/").rpartition("/")[2].removesuffix(".git") or None


def _fact_columns(fact: Fact) -> Row:
    return {
        "phase": Phase.ENDED.value,
        "at": from_nanoseconds(fact.at_ns),
        "ended_at": None,
        "call_id": None,
        "span_id": None,
        "parent_span_id": None,
        "tool": name_of(fact.name),
        "mcp_server": None,
        "outcome": Outcome.UNKNOWN.value,
        "error_type": None,
        "exit_code": None,
        "client_verdict": None,
        "truncated": False,
    }


def _call_columns(call: ToolCall) -> Row:
    return {
        "phase": call.phase.value,
        "at": from_nanoseconds(call.started_ns),
        "ended_at": _time(call.ended_ns),
        "call_id": _text(call.call_id),
        "span_id": call.span_id,
        "parent_span_id": call.parent_span_id,
        "tool": name_of(call.tool_name),
        "mcp_server": _name(call.mcp_server),
        "outcome": call.outcome.value,
        "error_type": _name(call.error_type),
        "exit_code": call.exit_code if _fits(call.exit_code) else None,
        "client_verdict": _client_verdict(call.client_verdict),
        "truncated": call.truncated,
    }


def _client_verdict(verdict: ClientVerdict | None) -> Row | None:
    if verdict is None:
        return None
    return {
        "decision": verdict.decision.value,
        "risk_level": verdict.risk_level.label if verdict.risk_level else None,
        "policy_version": verdict.policy_version,
        "packs_version": verdict.packs_version,
    }


def _text(text: str | None) -> str | None:
    return text if text is None else text[:_TEXT_LENGTH]


def _name(text: str | None) -> str | None:
    return text if text is None else name_of(text)


def _time(nanoseconds: int | None) -> datetime | None:
    return None if nanoseconds is None else from_nanoseconds(nanoseconds)


def _fits(number: int | None) -> bool:
    return number is not None and -_INT64 <= number < _INT64
