"""The tables of alerts: what to look for, where to tell, what was found, what was sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, SmallInteger
from sqlmodel import Field, SQLModel

from agentaudit_backend.store.types import BigKey, JsonText, PlainText, UtcDateTime


class AlertChannel(SQLModel, table=True):
    """Where alerts are told."""

    __tablename__ = "alert_channel"

    channel_id: str = Field(sa_type=PlainText, primary_key=True)
    organization_id: int
    name: str = Field(sa_type=PlainText)
    kind: str = Field(sa_type=PlainText)
    address: str = Field(sa_type=PlainText)
    """A URL, or e-mail addresses joined by commas. A Slack URL is a secret."""
    secret: str = Field(sa_type=PlainText)
    """What a webhook's messages are signed with; empty for the other kinds."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AlertRule(SQLModel, table=True):
    """Which Events are worth a message, how many of them, and to whom."""

    __tablename__ = "alert_rule"

    rule_id: str = Field(sa_type=PlainText, primary_key=True)
    organization_id: int
    name: str = Field(sa_type=PlainText)
    query: str = Field(sa_type=PlainText)
    threshold: int
    window_s: int
    quiet_s: int
    channels: Any = Field(sa_type=JsonText)
    enabled: bool
    author: str = Field(sa_type=PlainText)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    checked_seq: int = Field(sa_type=BigKey)
    """Leaves of the ledger that were looked at; those before the rule was made count as such."""


class AlertMatch(SQLModel, table=True):
    """An Event that a rule found; an Event completed later is not found twice."""

    __tablename__ = "alert_match"
    __table_args__ = (
        Index("alert_match_by_alert", "alert_id"),
        Index("alert_match_by_time", "matched_at"),
    )

    rule_id: str = Field(sa_type=PlainText, primary_key=True)
    event_id: str = Field(sa_type=PlainText, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    """The Event's own time."""
    risk: int = Field(sa_type=SmallInteger)
    matched_at: datetime = Field(sa_type=UtcDateTime)
    alert_id: str | None = Field(default=None, sa_type=PlainText)
    """The alert that tells of it; None while there are too few for one."""


class Alert(SQLModel, table=True):
    """A rule found as many Events as it asks for."""

    __table_args__ = (
        Index("alert_by_time", "organization_id", "fired_at"),
        Index("alert_by_rule", "rule_id", "fired_at"),
    )

    alert_id: str = Field(sa_type=PlainText, primary_key=True)
    organization_id: int
    rule_id: str = Field(sa_type=PlainText)
    rule_name: str = Field(sa_type=PlainText)
    query: str = Field(sa_type=PlainText)
    fired_at: datetime = Field(sa_type=UtcDateTime)
    events: int
    risk: int = Field(sa_type=SmallInteger)
    """The highest level among its Events."""
    acknowledged_by: str | None = Field(default=None, sa_type=PlainText)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str = Field(default="", sa_type=PlainText)


class AlertDelivery(SQLModel, table=True):
    """One message to one channel: the outbox."""

    __tablename__ = "alert_delivery"
    __table_args__ = (
        Index("alert_delivery_due", "state", "due_at"),
        Index("alert_delivery_by_alert", "alert_id"),
    )

    delivery_id: str = Field(sa_type=PlainText, primary_key=True)
    organization_id: int
    alert_id: str = Field(sa_type=PlainText)
    channel_id: str = Field(sa_type=PlainText)
    state: str = Field(sa_type=PlainText)
    attempts: int
    due_at: datetime = Field(sa_type=UtcDateTime)
    problem: str | None = Field(default=None, sa_type=PlainText)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
