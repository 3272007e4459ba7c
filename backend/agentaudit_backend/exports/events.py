"""Events as files tell them: JSON Lines have everything, a table what fits in one."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from agentaudit_backend.exports.record import record_of
from agentaudit_backend.exports.rows import Rows
from agentaudit_backend.store.views import EventDetail

COLUMNS: Final[Mapping[str, Callable[[EventDetail], object]]] = {
    "event_id": lambda event: event.row.event_id,
    "started_at": lambda event: event.started_at.isoformat(),
    "ended_at": lambda event: event.ended_at.isoformat() if event.ended_at else "",
    "kind": lambda event: event.row.kind.value,
    "user": lambda event: event.row.user,
    "host": lambda event: event.host or "",
    "agent": lambda event: event.row.agent,
    "session_id": lambda event: event.row.session_id,
    "action": lambda event: event.row.action.value,
    "tool": lambda event: event.row.tool,
    "risk_level": lambda event: event.row.risk.label,
    "decision": lambda event: event.row.decision.value,
    "decided_by": lambda event: event.verdict.decided_by.value,
    "outcome": lambda event: event.row.outcome.value,
    "summary": lambda event: event.row.summary,
    "reasons": lambda event: "; ".join(event.verdict.reasons),
    "rules": lambda event: _each(finding.rule_id for finding in event.findings),
    "confidence": lambda event: _each(
        f"{finding.rule_id}:{finding.confidence}"
        for finding in event.findings
        if finding.confidence
    ),
    "pii_types": lambda event: _each(event.row.pii_types),
    "secret_types": lambda event: _each(event.row.secret_types),
    "controls": lambda event: _each(f"{hit.framework}:{hit.control}" for hit in event.controls),
    "not_covered": lambda event: "; ".join(event.verdict.not_covered),
    "cwd": lambda event: event.cwd or "",
    "policy_version": lambda event: event.verdict.policy_version,
    "packs_version": lambda event: event.verdict.packs_version,
    "ledger_seq": lambda event: _each(str(leaf.seq) for leaf in event.leaves),
    "ledger_leaf_hash": lambda event: _each(leaf.leaf_hash for leaf in event.leaves),
}


def _each(values: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(values))


EVENTS: Final = Rows(name="events", columns=COLUMNS, record=record_of)
