"""Sessions, users, alerts, approvals, rules and keys as files tell them; `events` has Events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from agentaudit_backend.exports.rows import Rows, rows_of
from agentaudit_backend.store.alert_views import FiredAlert, Rule
from agentaudit_backend.store.approval_views import Approval
from agentaudit_backend.store.keys import KeyRow
from agentaudit_backend.store.reading.subjects import SubjectRow
from agentaudit_backend.store.views import SessionRow
from agentaudit_processor.model import RiskLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenSession:
    """A Session and the repository it worked in."""

    session: SessionRow
    repository: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenRule:
    """A rule of alerts and the names of its channels."""

    rule: Rule
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenKey:
    """A key and how it stands: in force, expired or revoked."""

    key: KeyRow
    state: str


SESSIONS: Final[Rows[TakenSession]] = rows_of(
    "sessions",
    "agentaudit.session/1",
    {
        "session_id": lambda row: row.session.session_id,
        "user": lambda row: row.session.user,
        "host": lambda row: row.session.host,
        "agent": lambda row: row.session.agent,
        "repository": lambda row: row.repository,
        "cwd": lambda row: row.session.cwd,
        "started_at": lambda row: row.session.started_at,
        "last_at": lambda row: row.session.last_at,
        "lasted_s": lambda row: (row.session.last_at - row.session.started_at).total_seconds(),
        "calls": lambda row: row.session.calls,
        "critical": lambda row: row.session.by_risk.get(RiskLevel.CRITICAL, 0),
        "high": lambda row: row.session.by_risk.get(RiskLevel.HIGH, 0),
        "medium": lambda row: row.session.by_risk.get(RiskLevel.MEDIUM, 0),
        "low": lambda row: row.session.by_risk.get(RiskLevel.LOW, 0),
        "blocked": lambda row: row.session.blocked,
        "pii_events": lambda row: row.session.pii_events,
    },
)
_SUBJECT: Final[Mapping[str, Callable[[SubjectRow], object]]] = {
    "events": lambda row: row.events,
    "high_and_critical": lambda row: row.grave,
    "blocked_or_denied": lambda row: row.blocked,
    "with_pii": lambda row: row.with_pii,
    "last_active": lambda row: row.last_at.date().isoformat(),
}


def _subjects(kind: str) -> Rows[SubjectRow]:
    name: Mapping[str, Callable[[SubjectRow], object]] = {kind: lambda row: row.name}
    return rows_of(f"{kind}s", f"agentaudit.{kind}/1", {**name, **_SUBJECT})


SUBJECTS: Final = {kind: _subjects(kind) for kind in ("user", "agent", "host")}
ALERTS: Final[Rows[FiredAlert]] = rows_of(
    "alerts",
    "agentaudit.alert/1",
    {
        "alert_id": lambda alert: alert.alert_id,
        "fired_at": lambda alert: alert.fired_at,
        "risk_level": lambda alert: alert.risk.label,
        "rule_id": lambda alert: alert.rule_id,
        "rule": lambda alert: alert.rule_name,
        "query": lambda alert: alert.query,
        "events": lambda alert: alert.events,
        "deliveries": lambda alert: tuple(
            f"{sent.channel.name}: {sent.state.value}{f', {sent.problem}' if sent.problem else ''}"
            for sent in alert.deliveries
        ),
        "acknowledged_at": lambda alert: alert.acknowledged_at,
        "acknowledged_by": lambda alert: alert.acknowledged_by,
        "note": lambda alert: alert.note,
    },
)
APPROVALS: Final[Rows[Approval]] = rows_of(
    "approvals",
    "agentaudit.approval/1",
    {
        "approval_id": lambda asked: asked.approval_id,
        "state": lambda asked: asked.state.value,
        "asked_at": lambda asked: asked.asked_at,
        "expires_at": lambda asked: asked.expires_at,
        "user": lambda asked: asked.user,
        "host": lambda asked: asked.host,
        "agent": lambda asked: asked.agent,
        "session_id": lambda asked: asked.session_id,
        "event_id": lambda asked: asked.event_id,
        "action": lambda asked: asked.action,
        "tool": lambda asked: asked.tool,
        "summary": lambda asked: asked.summary,
        "arguments": lambda asked: asked.arguments,
        "risk_level": lambda asked: asked.risk.label,
        "reasons": lambda asked: asked.reasons,
        "rules": lambda asked: asked.rules,
        "decided_by": lambda asked: asked.decided_by,
        "decided_at": lambda asked: asked.decided_at,
        "note": lambda asked: asked.note,
        "used_event_id": lambda asked: asked.used_event_id,
    },
)
ALERT_RULES: Final[Rows[TakenRule]] = rows_of(
    "alert-rules",
    "agentaudit.alert_rule/1",
    {
        "rule_id": lambda row: row.rule.rule_id,
        "name": lambda row: row.rule.wanted.name,
        "query": lambda row: row.rule.wanted.query,
        "threshold": lambda row: row.rule.wanted.threshold,
        "window_s": lambda row: row.rule.wanted.window_s,
        "quiet_s": lambda row: row.rule.wanted.quiet_s,
        "channels": lambda row: row.channels,
        "enabled": lambda row: row.rule.wanted.enabled,
        "author": lambda row: row.rule.author,
        "changed_at": lambda row: row.rule.changed_at,
    },
)
_KEY: Final[Mapping[str, Callable[[TakenKey], object]]] = {
    "name": lambda row: row.key.name,
    "prefix": lambda row: row.key.prefix,
    "role": lambda row: row.key.role,
    "state": lambda row: row.state,
    "made_at": lambda row: row.key.created_at,
    "last_login_at": lambda row: row.key.last_login_at,
    "last_used_at": lambda row: row.key.last_seen_at,
    "expires_at": lambda row: row.key.expires_at,
    "revoked_at": lambda row: row.key.revoked_at,
    "by_sso": lambda row: row.key.subject is not None,
}
KEYS: Final[Rows[TakenKey]] = rows_of("keys", "agentaudit.key/1", _KEY)
PEOPLE: Final[Rows[TakenKey]] = rows_of("people", "agentaudit.person/1", _KEY)
