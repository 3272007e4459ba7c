"""AuditEvent -> the row that lists and filters read, and how the rows of its parts become one.

A ToolCall arrives as a request and as an end, and perhaps from two sources, in any order. `joined`
gives the same row for every order, so a late request never takes back what the end told.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from agentaudit_backend.store.types import from_nanoseconds, is_storable, storable
from agentaudit_processor.attributes import VCS_REPOSITORY_URL
from agentaudit_processor.model import (
    Action,
    Activity,
    AuditEvent,
    ClientVerdict,
    Decision,
    Fact,
    Outcome,
    Phase,
    ToolCall,
)

Row = dict[str, Any]

HOOK_DIALECT = "agentaudit"
NAME_LENGTH = 200
"""Characters of a name that is indexed: PostgreSQL's index rows hold 2,704 bytes."""
_TEXT_LENGTH = 4096
_INT64 = 2**63
_UNIONS = ("pii_types", "secret_types", "signals")
_EITHER = ("verdict_differs", "privileged", "replayed", "truncated", "has_pii")
_UNKNOWN = {
    "user_label": "unknown",
    "outcome": Outcome.UNKNOWN.value,
    "environment": "unknown",
    "action": Action.OTHER.value,
}
_DECISION = ("decision", "decided_by")
_LET_THROUGH = (Decision.ALLOW.value, Decision.ASK.value, Decision.OBSERVE.value)
_JUDGEMENT = (
    "risk",
    "threshold",
    "reason",
    "reasons",
    "not_covered",
    "policy_version",
    "packs_version",
)


def phase_of(event: AuditEvent) -> Phase:
    """Which half this is; a Fact is whole at once."""
    activity = event.activity
    return activity.phase if isinstance(activity, ToolCall) else Phase.ENDED


def event_row(organization_id: int, event: AuditEvent) -> Row:
    """Every column of `event` but `pk`."""
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
        "profile": 0,  # known once what it met is: see profiles
    }
    row.update(_actor_columns(event))
    row.update(_activity_columns(event))
    return row


def joined(one: Row, other: Row) -> Row:
    """One row of two parts of an Event, the same in either order; `pk` may be in either.

    Our own hook says more than other telemetry, the end of a call more than its request: what the
    lesser part knows fills gaps only. But the risk is the greater one, with its reasons; the start
    is the earlier one; and whoever tells of the end, the call has ended.

    `one` may itself be joined; then `other` is a part that is not in it yet, and of equals counts.
    """
    lesser, greater = sorted((one, other), key=rank)
    row = {
        key: lesser.get(key) if value is None or value == "" else value
        for key, value in greater.items()
    }
    row["pk"] = lesser.get("pk", greater.get("pk"))
    row["at"] = min(lesser["at"], greater["at"])
    row["phase"] = lesser["phase"] if _is_ended(lesser) else greater["phase"]
    if greater["span_id"] is not None:
        row["parent_span_id"] = greater["parent_span_id"]  # of this span, not of another's
    if lesser["risk"] > greater["risk"]:
        row.update({column: lesser[column] for column in _JUDGEMENT})
    if _decides(lesser, greater):
        row.update({column: lesser[column] for column in _DECISION})
    for column, unknown in _UNKNOWN.items():
        if greater[column] == unknown:
            row[column] = lesser[column]
    for column in _UNIONS:
        row[column] = sorted({*lesser[column], *greater[column]})
    for column in _EITHER:
        row[column] = lesser[column] or greater[column]
    return row


def rank(row: Mapping[Any, Any]) -> tuple[bool, bool, bool, str]:
    """How much a part says, by its `phase` and `dialect`; the greatest has the last word.

    A dialect with a dot is a further source of the one before it, such as `claude_code.span`.
    """
    dialect = row["dialect"]
    return dialect == HOOK_DIALECT, _is_ended(row), "." not in dialect, dialect


def _decides(lesser: Row, greater: Row) -> bool:
    """Whether the lesser part knows better what was decided."""
    if lesser["decision"] == Decision.DENIED.value and greater["decision"] in _LET_THROUGH:
        return True  # our Policy let it through, somebody else did not
    if greater["client_verdict"] is None and _is_ended(lesser) and not _is_ended(greater):
        return True  # what our Policy would have said, had it been asked
    return greater["decision"] == Decision.OBSERVE.value and bool(lesser["client_verdict"])


def _is_ended(row: Mapping[Any, Any]) -> bool:
    return bool(row["phase"] == Phase.ENDED.value)


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
