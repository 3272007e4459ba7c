"""Users, agents and hosts under a filter, each with its figures; and how a host's hook does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.detail import event_details, event_row_view
from agentaudit_backend.store.reading.nearest import nearest
from agentaudit_backend.store.reading.rollups import tallies, total
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import Decision, EventKind, RiskLevel

COLUMNS: Final[Mapping[str, str]] = {"user": "user_label", "agent": "agent", "host": "host"}
_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)
_DRIFT = "HookDrift"
"""Name of the fact by which a hook tells that somebody changed what it had installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRow:
    """A user, an agent or a host, and what is theirs under the filter."""

    name: str
    events: int
    blocked: int
    grave: int
    """High and critical."""
    with_pii: int
    last_at: datetime
    """The day, hour or moment of the last Event: as exactly as the counts tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookHealth:
    """What the records of a host tell of the hook there."""

    last_beat: datetime | None
    """When it last said that it was alive."""
    agent_version: str | None
    policy_version: str | None
    """The Policy by which it last judged; None where it never did."""
    packs_version: str | None
    drift: EventRow | None
    """The last time that it told of a change to what it had installed."""
    gaps: int
    """Times that it told of records it had lost."""
    hook_version: str | None
    """As its last heartbeat told."""
    waiting: int | None
    """Records that it then still had to send; None: it did not tell."""
    ahead: timedelta | None
    """By how much the host's clock was before the server's when the beat was received; None where
    that cannot be told, as of a beat that was sent late."""


def subjects(
    connection: Connection, organization_id: int, where: EventFilter, kind: str
) -> tuple[SubjectRow, ...]:
    """Each `kind` (user, agent or host) with an Event under the filter, the busiest first."""
    rows = tallies(organization_id, where)
    name = rows.c[COLUMNS[kind]]

    def among(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, rows.c.events), else_=0)), 0)

    found = connection.execute(
        select(
            name.label("name"),
            func.sum(rows.c.events).label("events"),
            among(rows.c.decision.in_(_STOPPED)).label("blocked"),
            among(rows.c.risk >= int(RiskLevel.HIGH)).label("grave"),
            among(rows.c.has_pii).label("with_pii"),
            func.max(case((rows.c.events > 0, rows.c.at))).label("last_at"),
        ).group_by(name)
    )
    made = [
        SubjectRow(
            name=row.name,
            events=int(row.events),
            blocked=int(row.blocked),
            grave=int(row.grave),
            with_pii=int(row.with_pii),
            last_at=row.last_at,
        )
        for row in found
        if row.name and row.events
    ]
    return tuple(sorted(made, key=lambda row: (-row.events, row.name)))


def hook_health(connection: Connection, organization_id: int, host: str) -> HookHealth:
    """The latest that this host's hook told of itself."""
    of_host = EventFilter(hosts=(host,))

    def latest(where: EventFilter) -> Mapping[str, object] | None:
        rows = nearest(connection, organization_id, where, 1)
        return dict(rows[0]) if rows else None

    beats = nearest(connection, organization_id, replace(of_host, kinds=(EventKind.HEARTBEAT,)), 1)
    beat = next(iter(event_details(connection, organization_id, beats)), None)
    call = latest(replace(of_host, kinds=(EventKind.TOOL_CALL,))) or {}
    told = call.get("client_verdict")
    verdict = told if isinstance(told, dict) else {}
    drift = nearest(connection, organization_id, replace(of_host, tools=(_DRIFT,)), 1)
    gaps = replace(of_host, kinds=(EventKind.GAP,))
    at = beat.started_at if beat else None
    state = beat.arguments if beat and isinstance(beat.arguments, dict) else {}
    hook_version, waiting = state.get("hook_version"), state.get("waiting")
    version = call.get("agent_version")
    return HookHealth(
        last_beat=at,
        agent_version=version if isinstance(version, str) else None,
        policy_version=verdict.get("policy_version"),
        packs_version=verdict.get("packs_version"),
        drift=event_row_view(drift[0]) if drift else None,
        gaps=total(connection, organization_id, gaps),
        hook_version=hook_version if isinstance(hook_version, str) else None,
        waiting=waiting if isinstance(waiting, int) else None,
        ahead=beat.started_at - beat.leaves[0].recorded_at
        if beat and beat.leaves and not beat.replayed
        else None,
    )
