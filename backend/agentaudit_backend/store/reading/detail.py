"""One Event with everything known about it."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from agentaudit_backend.store.reading.conditions import EVENTS
from agentaudit_backend.store.reading.controls import hits_of_event
from agentaudit_backend.store.reading.events import event_row_view
from agentaudit_backend.store.rows import rank
from agentaudit_backend.store.sealing import slots_from_text
from agentaudit_backend.store.tables import (
    EventContent,
    EventFinding,
    LedgerLeaf,
    table_of,
)
from agentaudit_backend.store.views import EventDetail, Leaf
from agentaudit_processor.model import (
    DecidedBy,
    Decision,
    Finding,
    Json,
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
    if row is None:
        return None
    slots = _slots(connection, row["pk"])
    ended_at = row["ended_at"]
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
        ended_at=ended_at,
        duration_ms=(ended_at - row["at"]) // timedelta(milliseconds=1) if ended_at else None,
        exit_code=row["exit_code"],
        error_type=row["error_type"],
        error_message=slots.get("error"),
        action_class=row["action_class"],
        environment=row["environment"],
        signals=tuple(row["signals"]),
        arguments=slots.get("arguments", slots.get("data")),
        result=slots.get("result"),
        extra=slots.get("extra") or {},
        findings=_findings(connection, row["pk"]),
        verdict=_verdict(row),
        verdict_differs=row["verdict_differs"],
        controls=hits_of_event(connection, row["pk"]),
        leaves=_leaves(connection, organization_id, event_id),
        replayed=row["replayed"],
        truncated=row["truncated"],
        dialect=row["dialect"],
    )


def _slots(connection: Connection, pk: int) -> dict[str, Any]:
    """Values by slot; what the weightier part says comes over the others, as in `rows.joined`.

    But `extra` is of all parts: each source tells there what only it knows.
    """
    table = table_of(EventContent)
    found = connection.execute(
        select(table.c.phase, table.c.dialect, table.c.slots).where(table.c.event_pk == pk)
    ).mappings()
    values: dict[str, Json] = {}
    for part in sorted(found, key=rank):
        told = {name: _value(text) for name, text in slots_from_text(part["slots"]).items()}
        told["extra"] = _over(values.get("extra"), told.get("extra"))
        values.update(told)
    return values


def _over(lesser: Json, greater: Json) -> Json:
    """Two objects as one, as deep as both are; else the greater, if there is any."""
    if isinstance(lesser, dict) and isinstance(greater, dict):
        return lesser | {key: _over(lesser.get(key), value) for key, value in greater.items()}
    return lesser if greater is None else greater


def _value(text: str) -> Json:
    value: Json = json.loads(text)
    return value


def _findings(connection: Connection, pk: int) -> tuple[Finding, ...]:
    table = table_of(EventFinding)
    found = connection.execute(
        select(table)
        .where(table.c.event_pk == pk)
        .order_by(table.c.severity.desc(), table.c.rule_id, table.c.location, table.c.excerpt)
    )
    return tuple(
        Finding(
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
            tags=tuple(row["tags"]),
        )
        for row in found.mappings()
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


def _leaves(connection: Connection, organization_id: int, event_id: str) -> tuple[Leaf, ...]:
    table = table_of(LedgerLeaf)
    found = connection.execute(
        select(table.c.seq, table.c.phase, table.c.leaf_hash, table.c.recorded_at)
        .where(table.c.organization_id == organization_id, table.c.event_id == event_id)
        .order_by(table.c.seq)
    )
    return tuple(
        Leaf(seq=seq, phase=Phase(phase), leaf_hash=leaf_hash.hex(), recorded_at=recorded_at)
        for seq, phase, leaf_hash, recorded_at in found
    )
