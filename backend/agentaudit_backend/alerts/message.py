"""What an alert says, the same for every channel: masked text, cut, each character visible."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from agentaudit_backend.store.alert_views import FiredAlert
from agentaudit_backend.store.views import EventRow
from agentaudit_backend.templates.text import cell
from agentaudit_processor.model import RiskLevel

SHOWN_EVENTS = 5
_TEXT_LIMIT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One Event of the alert."""

    event_id: str
    at: datetime
    risk: str
    decision: str
    user: str
    agent: str
    action: str
    tool: str
    host: str
    command: str
    """The masked summary: of a shell command the command itself."""
    reason: str
    href: str
    approval_id: str | None = None
    """Of the question that waits for a person, where the call was stopped and may be let run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One alert as it is told."""

    message_id: str
    alert_id: str
    title: str
    query: str
    risk: str
    fired_at: datetime
    events: int
    lines: tuple[Line, ...]
    href: str
    test: bool = False

    @property
    def headline(self) -> str:
        """`HIGH · Production database · 3 events`."""
        count = f"{self.events:,} event" + ("" if self.events == 1 else "s")
        return f"{'TEST · ' if self.test else ''}{self.risk.upper()} · {self.title} · {count}"


def message_of(
    alert: FiredAlert,
    events: tuple[EventRow, ...],
    *,
    message_id: str,
    public_url: str,
    approvals: Mapping[str, str] | None = None,
) -> Message:
    """The message about `alert`; `events` are the riskiest of its Events.

    Args:
        approvals: the question that waits, by the id of its Event.
    """
    waiting = approvals or {}
    return Message(
        message_id=message_id,
        alert_id=alert.alert_id,
        title=cell(alert.rule_name, 100),
        query=cell(alert.query, _TEXT_LIMIT),
        risk=alert.risk.label,
        fired_at=alert.fired_at,
        events=alert.events,
        lines=tuple(
            _line(event, public_url, waiting.get(event.event_id)) for event in events[:SHOWN_EVENTS]
        ),
        href=f"{public_url}/dashboard/alerts/{alert.alert_id}",
    )


def example_message(title: str, *, now: datetime, public_url: str) -> Message:
    """A message that tells of nothing: it shows that a channel works."""
    line = Line(
        event_id="none",
        at=now,
        risk=RiskLevel.HIGH.label,
        decision="block",
        user="alice@example.com",
        agent="claude-code",
        action="shell_command",
        tool="Bash",
        host="laptop-7",
        command="psql -h prod-db -c 'DELETE FROM orders'",
        reason="An example: nobody ran this.",
        href=f"{public_url}/dashboard",
    )
    return Message(
        message_id="test",
        alert_id="test",
        title=cell(title, 100),
        query="risk:>=high",
        risk=line.risk,
        fired_at=now,
        events=1,
        lines=(line,),
        href=f"{public_url}/dashboard/alerts/channels",
        test=True,
    )


def _line(event: EventRow, public_url: str, approval_id: str | None) -> Line:
    return Line(
        event_id=event.event_id,
        at=event.at,
        risk=event.risk.label,
        decision=event.decision.value,
        user=cell(event.user, 120),
        agent=cell(event.agent, 60),
        action=event.action.value,
        tool=cell(event.tool, 80),
        host=cell(event.host or "", 80),
        command=cell(event.summary or event.tool, _TEXT_LIMIT),
        reason=cell(event.reason, _TEXT_LIMIT),
        href=f"{public_url}/dashboard/events/{quote(event.event_id, safe='')}",
        approval_id=approval_id,
    )
