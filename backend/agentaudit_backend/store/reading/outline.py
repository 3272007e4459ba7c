"""A Session at a glance: every step with what a picture of it needs, and the files it touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from agentaudit_backend.store.reading.conditions import EVENTS
from agentaudit_backend.store.rows import name_of
from agentaudit_processor.model import Action, Decision, EventKind, RiskLevel

FILE_ACTIONS = (Action.FILE_READ, Action.FILE_WRITE, Action.FILE_EDIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlined:
    """One Event of a Session. `lane` names the sub-agent that acted; empty: the agent itself."""

    event_id: str
    at: datetime
    ended_at: datetime | None
    kind: EventKind
    action: Action
    risk: RiskLevel
    decision: Decision
    lane: str
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedFile:
    """A file of a Session, as its calls name it, and how often each was done to it."""

    path: str
    counts: Mapping[Action, int]
    risk: RiskLevel
    """The highest of its calls."""
    last_at: datetime


def outline(
    connection: Connection, organization_id: int, session_id: str, most: int
) -> tuple[Outlined, ...]:
    """The first `most` Events of every kind but heartbeats, oldest first."""
    columns = EVENTS.c
    found = connection.execute(
        select(
            columns.event_id,
            columns.at,
            columns.ended_at,
            columns.kind,
            columns.action,
            columns.risk,
            columns.decision,
            columns.subagent_type,
            columns.subagent_id,
            columns.replayed,
        )
        .where(columns.organization_id == organization_id)
        .where(columns.session_id == name_of(session_id))
        .where(columns.kind != EventKind.HEARTBEAT.value)
        .order_by(columns.at, columns.pk)
        .limit(most)
    )
    return tuple(
        Outlined(
            event_id=row.event_id,
            at=row.at,
            ended_at=row.ended_at,
            kind=EventKind(row.kind),
            action=Action(row.action),
            risk=RiskLevel(row.risk),
            decision=Decision(row.decision),
            lane=row.subagent_type or row.subagent_id or "",
            replayed=row.replayed,
        )
        for row in found
    )


def touched_files(
    connection: Connection, organization_id: int, session_id: str, most: int
) -> tuple[TouchedFile, ...]:
    """The files that calls of the Session read or changed, the riskiest first."""
    columns = EVENTS.c
    found = connection.execute(
        select(
            columns.summary,
            columns.action,
            func.count().label("calls"),
            func.max(columns.risk).label("risk"),
            func.max(columns.at).label("last_at"),
        )
        .where(columns.organization_id == organization_id)
        .where(columns.session_id == name_of(session_id))
        .where(columns.kind == EventKind.TOOL_CALL.value)
        .where(columns.action.in_([action.value for action in FILE_ACTIONS]))
        .group_by(columns.summary, columns.action)
    )
    files: dict[str, TouchedFile] = {}
    for row in found:
        known = files.get(row.summary)
        risk, last_at = RiskLevel(row.risk), row.last_at
        files[row.summary] = TouchedFile(
            path=row.summary,
            counts={**(known.counts if known else {}), Action(row.action): row.calls},
            risk=max(risk, known.risk) if known else risk,
            last_at=max(last_at, known.last_at) if known else last_at,
        )
    ordered = sorted(files.values(), key=lambda file: (-file.risk, file.path))
    return tuple(ordered[:most])
