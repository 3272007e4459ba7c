"""What queries return: plain values for pages, API, exports and PDF, detached from any database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from agentaudit_processor.model import (
    Action,
    ControlHit,
    Decision,
    EventKind,
    Finding,
    Json,
    Outcome,
    Phase,
    RiskLevel,
    Verdict,
)

Item = TypeVar("Item")

TOTAL_CAP = 10_000
"""How far lists are counted; beyond it only statistics tell the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """One keyset page. `newer`/`older` are opaque cursors, None at that end.

    `total` counts the whole filter up to `TOTAL_CAP`; at the cap show "10,000+".
    """

    items: tuple[Item, ...]
    newer: str | None
    older: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An Event as a list shows it."""

    event_id: str
    at: datetime
    kind: EventKind
    phase: Phase
    session_id: str
    user: str
    """`Actor.label`."""
    agent: str
    host: str | None
    action: Action
    tool: str
    risk: RiskLevel
    decision: Decision
    outcome: Outcome
    pii_types: tuple[str, ...]
    secret_types: tuple[str, ...]
    summary: str
    reason: str
    """The weightiest reason of the Verdict."""
    dialect: str = "agentaudit"
    repo: str | None = None
    took_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The Event's place in the ledger."""

    seq: int
    phase: Phase
    leaf_hash: str
    """Lowercase hex, SHA-256."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetail:
    """An Event with everything known about it. All text is masked already, and hostile."""

    row: EventRow
    user_email: str | None
    user_id: str | None
    user_name: str | None
    host: str | None
    agent_version: str | None
    subagent_type: str | None
    permission_mode: str | None
    cwd: str | None
    call_id: str | None
    trace_id: str
    span_id: str | None
    mcp_server: str | None
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int | None
    exit_code: int | None
    error_type: str | None
    error_message: str | None
    action_class: str
    environment: str
    signals: tuple[str, ...]
    arguments: Json
    result: Json
    extra: Mapping[str, Json]
    findings: tuple[Finding, ...]
    verdict: Verdict
    verdict_differs: bool
    controls: tuple[ControlHit, ...]
    leaves: tuple[Leaf, ...]
    replayed: bool
    truncated: bool
    content_removed: bool
    """Its texts were removed at the end of their time; the record of it remains."""
    dialect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Records that a Session's hook numbered and that are not here, `first` to `last`."""

    first: int
    last: int

    @property
    def count(self) -> int:
        """How many."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A Session as a list shows it."""

    session_id: str
    user: str
    agent: str
    host: str | None
    cwd: str | None
    started_at: datetime
    last_at: datetime
    calls: int
    by_risk: Mapping[RiskLevel, int]
    blocked: int
    pii_events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A value and how often it occurs."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One bar of the histogram: Events with `[start, start + width)`, by risk."""

    start: datetime
    by_risk: Mapping[RiskLevel, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """At most 60 Buckets over the filter's whole range, empty ones included."""

    width_seconds: int
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCount:
    """How often a Control was met in the filtered Events."""

    framework: str
    framework_name: str
    control: str
    keys: tuple[str, ...]
    """Its own names, as the query language knows them."""
    title: str
    rationale: str
    evidence: int
    attention: int
    readiness: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts of one filter that are compared with those of another time."""

    total: int
    tool_calls: int
    blocked: int
    grave: int
    """High and critical."""
    with_pii: int
    with_secrets: int
    users: int
    agents: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The figures of one filter. `total` counts Events of every kind; risks sum up to it."""

    since: datetime | None
    until: datetime | None
    total: int
    tool_calls: int
    blocked: int
    with_pii: int
    with_secrets: int
    users: int
    agents: int
    hosts: int
    sessions: int
    by_risk: Mapping[RiskLevel, int]
    by_action: tuple[Counted, ...]
    by_decision: tuple[Counted, ...]
    by_pii_type: tuple[Counted, ...]
    top_users: tuple[Counted, ...]
    top_agents: tuple[Counted, ...]
    top_hosts: tuple[Counted, ...]
    top_tools: tuple[Counted, ...]
    top_rules: tuple[Counted, ...]
    over_time: Histogram
    controls: tuple[ControlCount, ...]
    top_events: tuple[EventRow, ...]
    """The ten riskiest, newest first within a level."""
    replayed: int
    """Events that arrived late, from a hook's spool."""
    unfinished: int
    """Tool calls whose end was never heard."""
    gaps: int
    """Times that a hook told of records it had lost."""
