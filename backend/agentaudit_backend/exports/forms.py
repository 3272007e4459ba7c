"""The forms of an export: an Event to a piece of a file."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agentaudit_backend.exports.record import record_of
from agentaudit_backend.store.views import EventDetail
from agentaudit_backend.templates.cells import disarmed, line

Column = Callable[[EventDetail], object]
COLUMNS: Final[Mapping[str, Column]] = {
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How Events become a file."""

    name: str
    media_type: str
    write: Callable[[Iterable[EventDetail]], Iterator[bytes]]


def _jsonl(events: Iterable[EventDetail]) -> Iterator[bytes]:
    for event in events:
        text = json.dumps(record_of(event), ensure_ascii=False, separators=(",", ":"))
        # a lone surrogate has no UTF-8; the store keeps none, and none may break the file
        yield text.encode("utf-8", "replace") + b"\n"


def _csv(events: Iterable[EventDetail]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + line(list(COLUMNS))  # by the mark a spreadsheet knows UTF-8
    for event in events:
        yield line([disarmed(column(event)) for column in COLUMNS.values()])


def _each(values: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(values))


FORMS: Final[Mapping[str, Form]] = {
    "jsonl": Form(name="jsonl", media_type="application/x-ndjson", write=_jsonl),
    "csv": Form(name="csv", media_type="text/csv; charset=utf-8", write=_csv),
}
