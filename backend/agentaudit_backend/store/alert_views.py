"""Alerts as plain values, detached from any database."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agentaudit_processor.model import RiskLevel


class ChannelKind(StrEnum):
    """How a channel is spoken to."""

    SLACK = "slack"
    """An incoming webhook of Slack."""
    WEBHOOK = "webhook"
    """A CloudEvent, signed as Standard Webhooks says."""
    EMAIL = "email"


class DeliveryState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    """Given up: the dead letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where alerts are told."""

    channel_id: str
    name: str
    kind: ChannelKind
    address: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a rule asks for: an alert as soon as `threshold` Events within `window_s` meet `query`.

    For `quiet_s` after an alert, further Events are counted with it and nobody is told again.
    """

    name: str
    query: str
    threshold: int
    window_s: int
    quiet_s: int
    channels: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that stands."""

    rule_id: str
    wanted: Wanted
    author: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one channel."""

    delivery_id: str
    organization_id: int
    alert_id: str
    channel: Channel
    state: DeliveryState
    attempts: int
    due_at: datetime
    problem: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredAlert:
    """An alert, and what became of its messages."""

    alert_id: str
    rule_id: str
    rule_name: str
    query: str
    fired_at: datetime
    events: int
    risk: RiskLevel
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    note: str
    deliveries: tuple[Delivery, ...]
