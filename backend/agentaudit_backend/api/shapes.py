"""What goes over the wire, field by field, with the names that existing clients know."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agentaudit_backend.exports.record import control_record, finding_record
from agentaudit_backend.store.clocks import clock_note
from agentaudit_backend.store.views import EventDetail, EventRow
from agentaudit_processor.model import Action, ControlHit, Decision, Json

REST_DIALECT = "rest"
_MAX_NAME = 200
_STOPPED = (Decision.BLOCK, Decision.DENIED, Decision.ASK)
# The first AgenticAudit's name for it, which clients and their settings use.
_FRAMEWORK_NAMES = {"eu_ai_act": "ai_act"}
_FRAMEWORK_IDS = {name: id_ for id_, name in _FRAMEWORK_NAMES.items()}


class PostedEvent(BaseModel):
    """An action that an agent reports, or asks about."""

    model_config = ConfigDict(extra="forbid")

    agent_id: str = Field(min_length=1, max_length=_MAX_NAME)
    action: str = Field(min_length=1, max_length=_MAX_NAME)
    data: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    reasoning: str | None = None

    @field_validator("data", "context", mode="before")
    @classmethod
    def _absent_is_empty(cls, value: Any) -> Any:
        return {} if value is None else value


class ListedEvent(BaseModel):
    """An Event in a list: what is known without opening it."""

    id: str
    agent_id: str
    action: str
    session_id: str
    summary: str
    risk_level: str
    pii_detected: bool
    pii_fields: list[str]
    frameworks: dict[str, list[str]]
    created_at: datetime
    stored: bool = True
    decision: str
    reason: str | None


class EventVerdict(BaseModel):
    """How the findings combine: the worst of them decides the level, the policy the decision."""

    risk_level: str
    decision: str
    """allow, ask, block, approved, denied or observe."""
    decided_by: str
    reasons: list[str]
    threshold: str | None
    not_covered: list[str]
    """What was not looked at."""
    policy_version: str
    packs_version: str
    differs_from_hook: bool


class FullEvent(ListedEvent):
    """An Event with everything that was kept of it, masked."""

    data: dict[str, Any]
    context: dict[str, Any]
    reasoning: str | None
    verdict: EventVerdict
    findings: list[dict[str, Any]]
    """Each with rule, title, place, masked excerpt, explanation, advice, pack and tags."""
    controls: list[dict[str, Any]]
    """Each with framework, kind, strength and why."""


class EventList(BaseModel):
    """A page of Events, the newest first."""

    events: list[ListedEvent]
    total: int
    """How many there are under the filter; counting stops at 10,000."""
    limit: int
    offset: int
    next_cursor: str | None
    """Give it as `cursor` to get the page after this one."""
    previous_cursor: str | None


class StatsAnswer(BaseModel):
    """Figures of the Events between `after` and `before`."""

    total_events: int
    by_risk_level: dict[str, int]
    by_action: dict[str, int]
    by_agent: dict[str, int]
    by_decision: dict[str, int]
    pii_events: int
    blocked_events: int
    sessions: int


def listed(row: EventRow, hits: Iterable[ControlHit]) -> ListedEvent:
    """A row of a list."""
    return ListedEvent(**_common(row, hits))


def full(detail: EventDetail) -> FullEvent:
    """One Event with its content."""
    extra = dict(detail.extra)
    reasoning = extra.pop("reasoning", None)
    arguments = detail.arguments if isinstance(detail.arguments, dict) else {}
    data = dict(arguments)
    if detail.result is not None:
        data["result"] = detail.result
    if detail.error_message is not None:
        data["error"] = detail.error_message
    return FullEvent(
        **_common(detail.row, detail.controls),
        data=data,
        context={**extra, **_context(detail)},
        reasoning=reasoning if isinstance(reasoning, str) else None,
        verdict=_verdict(detail),
        findings=[finding_record(finding) for finding in detail.findings],
        controls=[control_record(hit) for hit in detail.controls],
    )


def framework_id(name: str) -> str:
    """The id that we know a framework by, of either name."""
    return _FRAMEWORK_IDS.get(name, name)


def framework_name(id_: str) -> str:
    """The name that clients know a framework by."""
    return _FRAMEWORK_NAMES.get(id_, id_)


def decision_of(decision: Decision) -> str:
    """`block` or `allow`: clients know no other. Who cannot ask a person must not go on."""
    return "block" if decision in _STOPPED else "allow"


def action_of(row: EventRow) -> str:
    """The action; for one that a client named itself, its name."""
    is_own = row.action is Action.OTHER and row.dialect == REST_DIALECT
    return row.tool if is_own else row.action.value


def _verdict(detail: EventDetail) -> EventVerdict:
    verdict = detail.verdict
    return EventVerdict(
        risk_level=verdict.risk_level.label,
        decision=verdict.decision.value,
        decided_by=verdict.decided_by.value,
        reasons=list(verdict.reasons),
        threshold=verdict.threshold.label if verdict.threshold else None,
        not_covered=list(verdict.not_covered),
        policy_version=verdict.policy_version,
        packs_version=verdict.packs_version,
        differs_from_hook=detail.verdict_differs,
    )


def _common(row: EventRow, hits: Iterable[ControlHit]) -> dict[str, Any]:
    decision = decision_of(row.decision)
    return {
        "id": row.event_id,
        "agent_id": row.agent,
        "action": action_of(row),
        "session_id": row.session_id,
        "summary": row.summary,
        "risk_level": row.risk.label,
        "pii_detected": bool(row.pii_types),
        "pii_fields": list(row.pii_types),
        "frameworks": _by_framework(hits),
        "created_at": row.at,
        "decision": decision,
        "reason": row.reason if decision == "block" else None,
    }


def _by_framework(hits: Iterable[ControlHit]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for hit in hits:
        found.setdefault(framework_name(hit.framework), set()).add(hit.control)
    return {name: sorted(controls) for name, controls in sorted(found.items())}


def _context(detail: EventDetail) -> dict[str, Json]:
    row = detail.row
    values: dict[str, Json] = {
        "session_id": row.session_id,
        "call_id": detail.call_id,
        "kind": row.kind.value,
        "phase": row.phase.value,
        "tool": row.tool,
        "mcp_server": detail.mcp_server,
        "outcome": row.outcome.value,
        "exit_code": detail.exit_code,
        "error_type": detail.error_type,
        "duration_ms": detail.duration_ms,
        "user_email": detail.user_email,
        "user_id": detail.user_id,
        "os_user": detail.user_name,
        "hostname": detail.host,
        "cwd": detail.cwd,
        "permission_mode": detail.permission_mode,
        "agent_version": detail.agent_version,
        "subagent_type": detail.subagent_type,
        "environment": detail.environment,
        "clock_note": clock_note(detail),
        "verdict": row.decision.value,
        "reasons": list(detail.verdict.reasons),
        "replayed": detail.replayed or None,
    }
    return {name: value for name, value in values.items() if value is not None}
