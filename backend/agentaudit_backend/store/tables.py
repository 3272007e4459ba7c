"""The tables, as ARCHITECTURE "Store" names them. Migrations build them; a test compares the two.

Child tables of `event` carry no foreign key: they are written in bulk in the same transaction, and
retention will drop them by month.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, SmallInteger, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from agentaudit_backend.store.types import BigKey, JsonText, PlainText, UtcDateTime


class Organization(SQLModel, table=True):
    """Whose data it is; everything below belongs to exactly one."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_type=PlainText)
    log: str = Field(sa_type=PlainText, unique=True)
    """Name of its ledger, in every envelope: `agentaudit/<random>`."""
    digest_key: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ApiKey(SQLModel, table=True):
    """A key, known by its hash only."""

    __tablename__ = "api_key"
    __table_args__ = (Index("api_key_by_subject", "organization_id", "subject", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    organization_id: int = Field(foreign_key="organization.id", index=True)
    name: str = Field(sa_type=PlainText)
    prefix: str = Field(sa_type=PlainText)
    key_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    role: str = Field(sa_type=PlainText)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    subject: str | None = Field(default=None, sa_type=PlainText)
    """Whom it stands for, of those who log in elsewhere (SSO)."""
    last_login_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """With a request of its own, within a minute or so; see `key_uses`."""


class PolicyVersion(SQLModel, table=True):
    """One version of an organisation's Policy; rows are only ever added."""

    __tablename__ = "policy"
    __table_args__ = (UniqueConstraint("organization_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    organization_id: int = Field(foreign_key="organization.id")
    version: int
    document: Any = Field(sa_type=JsonText)
    """As `policy_document` writes it."""
    author: str = Field(sa_type=PlainText)
    note: str = Field(sa_type=PlainText)
    created_at: datetime = Field(sa_type=UtcDateTime)


class WebSession(SQLModel, table=True):
    """Somebody logged in to the dashboard; the cookie's token is known by its hash only."""

    __tablename__ = "web_session"

    token_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    api_key_id: int = Field(foreign_key="api_key.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


RARE = {
    "event_replayed": text("replayed"),
    "event_unfinished": text("phase = 'requested'"),
}
"""Conditions that few Events meet and every report counts, by the index that holds those.

A query has to use the very words: a bound value would not be recognised as the index's.
"""


class Event(SQLModel, table=True):
    """What lists, filters and counts need of an Event; its texts are in `event_content`."""

    __table_args__ = (
        UniqueConstraint("organization_id", "event_id"),
        Index("event_by_time", "organization_id", "at", "pk"),
        Index("event_by_risk", "organization_id", "risk", "at", "pk"),
        Index("event_by_session", "organization_id", "session_id", "at", "pk"),
        # With all that it takes to know a user's Sessions.
        Index("event_of_user", "organization_id", "user_label", "at", "session_id", "kind"),
        *(
            Index(name, "organization_id", "at", sqlite_where=rare, postgresql_where=rare)
            for name, rare in RARE.items()
        ),
    )

    pk: int | None = Field(default=None, sa_type=BigKey, primary_key=True)
    organization_id: int
    event_id: str = Field(sa_type=PlainText)
    kind: str = Field(sa_type=PlainText)
    phase: str = Field(sa_type=PlainText)
    at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    session_id: str = Field(sa_type=PlainText)
    call_id: str | None = Field(sa_type=PlainText)
    trace_id: str = Field(sa_type=PlainText)
    span_id: str | None = Field(sa_type=PlainText)
    parent_span_id: str | None = Field(sa_type=PlainText)
    user_label: str = Field(sa_type=PlainText)
    user_email: str | None = Field(sa_type=PlainText)
    user_id: str | None = Field(sa_type=PlainText)
    user_name: str | None = Field(sa_type=PlainText)
    host: str | None = Field(sa_type=PlainText)
    agent: str = Field(sa_type=PlainText)
    agent_version: str | None = Field(sa_type=PlainText)
    subagent_id: str | None = Field(sa_type=PlainText)
    subagent_type: str | None = Field(sa_type=PlainText)
    action: str = Field(sa_type=PlainText)
    tool: str = Field(sa_type=PlainText)
    mcp_server: str | None = Field(sa_type=PlainText)
    permission_mode: str | None = Field(sa_type=PlainText)
    prompt_id: str | None = Field(sa_type=PlainText)
    cwd: str | None = Field(sa_type=PlainText)
    outcome: str = Field(sa_type=PlainText)
    error_type: str | None = Field(sa_type=PlainText)
    exit_code: int | None = Field(sa_type=BigKey)
    risk: int = Field(sa_type=SmallInteger)
    decision: str = Field(sa_type=PlainText)
    decided_by: str = Field(sa_type=PlainText)
    threshold: int | None = Field(sa_type=SmallInteger)
    reason: str = Field(sa_type=PlainText)
    reasons: Any = Field(sa_type=JsonText)
    not_covered: Any = Field(sa_type=JsonText)
    policy_version: str = Field(sa_type=PlainText)
    packs_version: str = Field(sa_type=PlainText)
    client_verdict: Any = Field(sa_type=JsonText, nullable=True)
    verdict_differs: bool
    has_pii: bool
    pii_types: Any = Field(sa_type=JsonText)
    secret_types: Any = Field(sa_type=JsonText)
    action_class: str = Field(sa_type=PlainText)
    environment: str = Field(sa_type=PlainText)
    privileged: bool
    data_flow: str = Field(sa_type=PlainText)
    destination: str | None = Field(sa_type=PlainText)
    signals: Any = Field(sa_type=JsonText)
    summary: str = Field(sa_type=PlainText)
    search: str = Field(sa_type=PlainText)
    """The summary case-folded: SQLite's own lower() knows ASCII only."""
    dialect: str = Field(sa_type=PlainText)
    replayed: bool
    truncated: bool
    repo: str | None = Field(sa_type=PlainText)
    profile: int = Field(sa_column_kwargs={"server_default": text("0")})
    """What it met, as one number; see `profiles`."""


class EventContent(SQLModel, table=True):
    """The texts of one part of an Event, exactly as its ledger leaf commits to them.

    A part is one phase as one dialect tells of it: hook and native telemetry make two.
    """

    __tablename__ = "event_content"

    event_pk: int = Field(sa_type=BigKey, primary_key=True)
    phase: str = Field(sa_type=PlainText, primary_key=True)
    dialect: str = Field(sa_type=PlainText, primary_key=True)
    slots: str = Field(sa_type=PlainText)
    """JSON object: slot name to the canonical JSON text of its value."""
    slot_keys: bytes = Field(sa_type=LargeBinary)
    client_sequence: int | None = Field(default=None, sa_type=BigKey, nullable=True)
    """The part's number among all that the Session's hook sent, from 1 on; as its leaf says."""
    """32 bytes for each slot, in the order of their sorted names."""


class EventFinding(SQLModel, table=True):
    """A Finding of an Event."""

    __tablename__ = "finding"
    __table_args__ = (Index("finding_by_event", "event_pk"),)

    pk: int | None = Field(default=None, sa_type=BigKey, primary_key=True)
    event_pk: int = Field(sa_type=BigKey)
    rule_id: str = Field(sa_type=PlainText)
    title: str = Field(sa_type=PlainText)
    severity: int = Field(sa_type=SmallInteger)
    location: str = Field(sa_type=PlainText)
    excerpt: str = Field(sa_type=PlainText)
    explanation: str = Field(sa_type=PlainText)
    advice: str = Field(sa_type=PlainText)
    pack: str = Field(sa_type=PlainText)
    pii: str | None = Field(sa_type=PlainText)
    secret: str | None = Field(sa_type=PlainText)
    signal: str | None = Field(sa_type=PlainText)
    sample: str | None = Field(sa_type=PlainText)
    digest: str | None = Field(sa_type=PlainText)
    count: int
    tags: Any = Field(sa_type=JsonText)
    confidence: str | None = Field(sa_type=PlainText)
    """None of what was found before it was kept."""


class Control(SQLModel, table=True):
    """A ControlHit's words, kept once; a changed wording adds a row."""

    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    key: str = Field(sa_type=PlainText)
    framework: str = Field(sa_type=PlainText)
    control: str = Field(sa_type=PlainText)
    title: str = Field(sa_type=PlainText)
    kind: str = Field(sa_type=PlainText)
    strength: str = Field(sa_type=PlainText)
    rationale: str = Field(sa_type=PlainText)
    readiness: bool


class Session(SQLModel, table=True):
    """A Session's figures, kept up to date by each write."""

    __table_args__ = (
        UniqueConstraint("organization_id", "session_id"),
        Index("session_by_time", "organization_id", "last_at", "pk"),
    )

    pk: int | None = Field(default=None, sa_type=BigKey, primary_key=True)
    organization_id: int
    session_id: str = Field(sa_type=PlainText)
    user_label: str = Field(sa_type=PlainText)
    agent: str = Field(sa_type=PlainText)
    host: str | None = Field(sa_type=PlainText)
    cwd: str | None = Field(sa_type=PlainText)
    started_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)
    calls: int
    low: int
    medium: int
    high: int
    critical: int
    blocked: int
    pii_events: int


class Profile(SQLModel, table=True):
    """A set of what an Event can meet; many Events share one."""

    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)


class ProfileTag(SQLModel, table=True):
    """One thing that is in a profile: a rule, a control, a type of data, a signal."""

    __tablename__ = "profile_tag"
    __table_args__ = (Index("profile_tag_by_value", "kind", "value"),)

    profile_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(sa_type=PlainText, primary_key=True)
    value: str = Field(sa_type=PlainText, primary_key=True)


class _Rollup(SQLModel):
    """How many Events of one sort began in one span; counts with these conditions are sums."""

    kind: str = Field(sa_type=PlainText, primary_key=True)
    action: str = Field(sa_type=PlainText, primary_key=True)
    risk: int = Field(sa_type=SmallInteger, primary_key=True)
    decision: str = Field(sa_type=PlainText, primary_key=True)
    user_label: str = Field(sa_type=PlainText, primary_key=True)
    host: str = Field(sa_type=PlainText, primary_key=True)
    """Empty where none was told."""
    agent: str = Field(sa_type=PlainText, primary_key=True)
    tool: str = Field(sa_type=PlainText, primary_key=True)
    has_pii: bool = Field(primary_key=True)
    profile: int = Field(primary_key=True)
    events: int


class RollupHour(_Rollup, table=True):
    """By hour."""

    __tablename__ = "rollup_hour"

    organization_id: int = Field(primary_key=True)
    hour: datetime = Field(sa_type=UtcDateTime, primary_key=True)


class RollupDay(_Rollup, table=True):
    """By day in UTC."""

    __tablename__ = "rollup_day"

    organization_id: int = Field(primary_key=True)
    day: datetime = Field(sa_type=UtcDateTime, primary_key=True)


class RollupMonth(_Rollup, table=True):
    """By month in UTC."""

    __tablename__ = "rollup_month"

    organization_id: int = Field(primary_key=True)
    month: datetime = Field(sa_type=UtcDateTime, primary_key=True)


class ExportJob(SQLModel, table=True):
    """An export that is made in the background, and what became of it."""

    __tablename__ = "export_job"
    __table_args__ = (Index("export_job_by_time", "organization_id", "asked_at"),)

    export_id: str = Field(sa_type=PlainText, primary_key=True)
    organization_id: int
    author: str = Field(sa_type=PlainText)
    form: str = Field(sa_type=PlainText)
    query: str = Field(sa_type=PlainText)
    """The page's query string, its window closed."""
    scope: str = Field(sa_type=PlainText)
    """The same in words."""
    state: str = Field(sa_type=PlainText)
    events: int = Field(sa_type=BigKey)
    bytes: int = Field(sa_type=BigKey)
    sha256: str | None = Field(default=None, sa_type=PlainText)
    problem: str | None = Field(default=None, sa_type=PlainText)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    touched_at: datetime = Field(sa_type=UtcDateTime)
    """When whoever makes it last told how far it is."""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LedgerHead(SQLModel, table=True):
    """The end of an organisation's ledger; its row is the lock that every writer takes."""

    __tablename__ = "ledger_head"

    organization_id: int = Field(primary_key=True, foreign_key="organization.id")
    size: int = Field(sa_type=BigKey)
    frontier: bytes = Field(sa_type=LargeBinary)
    """Roots of the full subtrees that make up the tree, the largest first, 32 bytes each."""


class LedgerLeaf(SQLModel, table=True):
    """One entry of the ledger; rows are only ever added."""

    __tablename__ = "ledger_leaf"
    __table_args__ = (UniqueConstraint("organization_id", "event_id", "phase", "dialect"),)

    organization_id: int = Field(primary_key=True)
    seq: int = Field(sa_type=BigKey, primary_key=True, sa_column_kwargs={"autoincrement": False})
    event_id: str = Field(sa_type=PlainText)
    phase: str = Field(sa_type=PlainText)
    dialect: str = Field(sa_type=PlainText)
    envelope: bytes = Field(sa_type=LargeBinary)
    leaf_hash: bytes = Field(sa_type=LargeBinary)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Pseudonym(SQLModel, table=True):
    """What stands in envelopes for a name; deleting a row cuts the link."""

    __table_args__ = (UniqueConstraint("organization_id", "kind", "name"),)

    pk: int | None = Field(default=None, sa_type=BigKey, primary_key=True)
    organization_id: int
    kind: str = Field(sa_type=PlainText)
    """agent, host, session or user."""
    name: str = Field(sa_type=PlainText)
    ref: str = Field(sa_type=PlainText)
    """22 characters of random base64url."""


def table_of(model: type[SQLModel]) -> Table:
    """The Core table of a model, for bulk statements."""
    return SQLModel.metadata.tables[str(model.__tablename__)]
