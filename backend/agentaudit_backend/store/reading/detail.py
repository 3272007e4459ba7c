"""Events with everything known about them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from agentaudit_backend.store.joining import rank
from agentaudit_backend.store.reading.conditions import EVENTS
from agentaudit_backend.store.reading.controls import hits_by_profile
from agentaudit_backend.store.sealing import ERASED, slots_from_text
from agentaudit_backend.store.tables import (
    EventContent,
    EventFinding,
    LedgerLeaf,
    table_of,
)
from agentaudit_backend.store.views import EventDetail, EventRow, Leaf
from agentaudit_processor.model import (
    Action,
    ControlHit,
    DecidedBy,
    Decision,
    EventKind,
    Finding,
    Json,
    Outcome,
    Phase,
    RiskLevel,
    Verdict,
)


def event_detail(connection: Connection, organization_id: int, event_id: str) -> EventDetail | None:
    """The Event with this id; None when the organisation has none."""
    row = (
        connection.execute(
            select(EVENTS)
            .where(EVENTS.c.organization_id == organization_id)
            .where(EVENTS.c.event_id == event_id)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else event_details(connection, organization_id, [row])[0]


def event_details(
    connection: Connection, organization_id: int, rows: Sequence[RowMapping]
) -> list[EventDetail]:
    """All about the Events of these rows of `event`, in their order."""
    pks = [row["pk"] for row in rows]
    slots, removed = _slots(connection, pks)
    findings = _findings(connection, pks)
    controls = hits_by_profile(connection, [row["profile"] for row in rows])
    leaves = _leaves(connection, organization_id, [row["event_id"] for row in rows])
    return [
        _detail(
            row,
            slots.get(row["pk"], {}),
            content_removed=row["pk"] in removed,
            findings=tuple(findings[row["pk"]]),
            controls=controls[row["profile"]],
            leaves=tuple(leaves[row["event_id"]]),
        )
        for row in rows
    ]


def _detail(
    row: RowMapping,
    slots: Mapping[str, Any],
    *,
    content_removed: bool,
    findings: tuple[Finding, ...],
    controls: tuple[ControlHit, ...],
    leaves: tuple[Leaf, ...],
) -> EventDetail:
    return EventDetail(
        row=event_row_view(row),
        user_email=row["user_email"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        host=row["host"],
        agent_version=row["agent_version"],
        subagent_type=row["subagent_type"],
        permission_mode=row["permission_mode"],
        cwd=row["cwd"],
        call_id=row["call_id"],
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        mcp_server=row["mcp_server"],
        started_at=row["at"],
        ended_at=row["ended_at"],
        duration_ms=_took_ms(row),
        exit_code=row["exit_code"],
        error_type=row["error_type"],
        error_message=slots.get("error"),
        action_class=row["action_class"],
        environment=row["environment"],
        signals=tuple(row["signals"]),
        arguments=slots.get("arguments", slots.get("data")),
        result=slots.get("result"),
        extra=slots.get("extra") or {},
        findings=findings,
        verdict=_verdict(row),
        verdict_differs=row["verdict_differs"],
        controls=controls,
        leaves=leaves,
        replayed=row["replayed"],
        truncated=row["truncated"],
        content_removed=content_removed,
        dialect=row["dialect"],
    )


def event_row_view(row: RowMapping) -> EventRow:
    """A row of `event` as a list shows it."""
    return EventRow(
        event_id=row["event_id"],
        at=row["at"],
        kind=EventKind(row["kind"]),
        phase=Phase(row["phase"]),
        session_id=row["session_id"],
        user=row["user_label"],
        agent=row["agent"],
        host=row["host"],
        action=Action(row["action"]),
        tool=row["tool"],
        risk=RiskLevel(row["risk"]),
        decision=Decision(row["decision"]),
        outcome=Outcome(row["outcome"]),
        pii_types=tuple(row["pii_types"]),
        secret_types=tuple(row["secret_types"]),
        summary=row["summary"],
        reason=row["reason"],
        dialect=row["dialect"],
        repo=row["repo"],
        took_ms=_took_ms(row),
    )


def _took_ms(row: RowMapping) -> int | None:
    ended_at = row["ended_at"]
    return (ended_at - row["at"]) // timedelta(milliseconds=1) if ended_at else None


def _slots(
    connection: Connection, pks: Sequence[int]
) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """Values by slot, of each Event; and the Events whose content was removed.

    What the weightier part says comes over the others, as in `rows.joined`. But `extra` is of all
    parts: each source tells there what only it knows.
    """
    table = table_of(EventContent)
    found = connection.execute(
        select(table.c.event_pk, table.c.phase, table.c.dialect, table.c.slots).where(
            table.c.event_pk.in_(pks)
        )
    ).mappings()
    by_event: dict[int, dict[str, Any]] = {}
    removed = set()
    for part in sorted(found, key=rank):
        values = by_event.setdefault(part["event_pk"], {})
        if part["slots"] == ERASED:
            removed.add(part["event_pk"])
        told = {name: _value(text) for name, text in slots_from_text(part["slots"]).items()}
        told["extra"] = _over(values.get("extra"), told.get("extra"))
        values.update(told)
    return by_event, removed


def _over(lesser: Json, greater: Json) -> Json:
    """Two objects as one, as deep as both are; else the greater, if there is any."""
    if isinstance(lesser, dict) and isinstance(greater, dict):
        return lesser | {key: _over(lesser.get(key), value) for key, value in greater.items()}
    return lesser if greater is None else greater


def _value(text: str) -> Json:
    value: Json = json.loads(text)
    return value


def _findings(connection: Connection, pks: Sequence[int]) -> dict[int, list[Finding]]:
    table = table_of(EventFinding)
    found = connection.execute(
        select(table)
        .where(table.c.event_pk.in_(pks))
        .order_by(table.c.severity.desc(), table.c.rule_id, table.c.location, table.c.excerpt)
    )
    by_event: dict[int, list[Finding]] = defaultdict(list)
    for row in found.mappings():
        by_event[row["event_pk"]].append(_finding(row))
    return by_event


def _finding(row: RowMapping) -> Finding:
    return Finding(
        rule_id=row["rule_id"],
        title=row["title"],
        severity=RiskLevel(row["severity"]),
        where=row["location"],
        excerpt=row["excerpt"],
        explanation=row["explanation"],
        advice=row["advice"],
        pack=row["pack"],
        pii=row["pii"],
        secret=row["secret"],
        signal=row["signal"],
        sample=row["sample"],
        digest=row["digest"],
        count=row["count"],
        confidence=row["confidence"],
        tags=tuple(row["tags"]),
    )


def _verdict(row: RowMapping) -> Verdict:
    threshold = row["threshold"]
    return Verdict(
        decision=Decision(row["decision"]),
        decided_by=DecidedBy(row["decided_by"]),
        risk_level=RiskLevel(row["risk"]),
        reasons=tuple(row["reasons"]),
        policy_version=row["policy_version"],
        packs_version=row["packs_version"],
        threshold=None if threshold is None else RiskLevel(threshold),
        not_covered=tuple(row["not_covered"]),
    )


def _leaves(
    connection: Connection, organization_id: int, event_ids: Sequence[str]
) -> dict[str, list[Leaf]]:
    table = table_of(LedgerLeaf)
    found = connection.execute(
        select(
            table.c.event_id, table.c.seq, table.c.phase, table.c.leaf_hash, table.c.recorded_at
        ).where(table.c.organization_id == organization_id, table.c.event_id.in_(event_ids))
    )
    by_event: dict[str, list[Leaf]] = defaultdict(list)
    # Sorted here: asked to, SQLite would walk the whole ledger in order of `seq`.
    for event_id, seq, phase, leaf_hash, recorded_at in sorted(found, key=lambda row: row.seq):
        leaf = Leaf(seq=seq, phase=Phase(phase), leaf_hash=leaf_hash.hex(), recorded_at=recorded_at)
        by_event[event_id].append(leaf)
    return by_event
