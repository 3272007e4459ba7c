"""The table of approvals: stopped calls that a person may let run, and what became of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, SmallInteger
from sqlmodel import Field, SQLModel

from agentaudit_backend.store.types import JsonText, PlainText, UtcDateTime


class Approval(SQLModel, table=True):
    """One question. Of the call it keeps what the server masked, as its Event does."""

    __table_args__ = (
        Index("approval_by_time", "organization_id", "asked_at"),
        Index("approval_by_call", "organization_id", "call_key", "asked_at"),
        Index("approval_by_event", "organization_id", "event_id"),
        Index("approval_by_used_event", "organization_id", "used_event_id"),
    )

    approval_id: str = Field(sa_type=PlainText, primary_key=True)
    organization_id: int
    call_key: str = Field(sa_type=PlainText)
    """Keyed digest of who, which tool, where and with which input."""
    key_id: int
    """The API key that asked."""
    event_id: str = Field(sa_type=PlainText)
    """Of the call that was stopped."""
    call_id: str = Field(sa_type=PlainText)
    session_id: str = Field(sa_type=PlainText)
    user_label: str = Field(sa_type=PlainText)
    user_names: Any = Field(sa_type=JsonText)
    """E-mail, id and login name, as far as known: who may not answer for themselves."""
    agent: str = Field(sa_type=PlainText)
    host: str | None = Field(default=None, sa_type=PlainText)
    cwd: str | None = Field(default=None, sa_type=PlainText)
    action: str = Field(sa_type=PlainText)
    tool: str = Field(sa_type=PlainText)
    summary: str = Field(sa_type=PlainText)
    arguments: Any = Field(sa_type=JsonText)
    risk: int = Field(sa_type=SmallInteger)
    reasons: Any = Field(sa_type=JsonText)
    rules: Any = Field(sa_type=JsonText)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    decision: str | None = Field(default=None, sa_type=PlainText)
    """approved, denied or withdrawn; None while nobody has decided."""
    decided_by: str | None = Field(default=None, sa_type=PlainText)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str = Field(default="", sa_type=PlainText)
    used_by: str | None = Field(default=None, sa_type=PlainText)
    """The call that ran on it; another of the same key is a new question."""
    used_event_id: str | None = Field(default=None, sa_type=PlainText)
    """Of that call."""
