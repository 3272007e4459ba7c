"""An approval as readers get it: its state at a moment, worked out from its row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from agentaudit_processor.model import RiskLevel


class ApprovalState(StrEnum):
    """How a question stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    """Nobody decided in time, or the approval was not used in time: nothing was denied."""
    WITHDRAWN = "withdrawn"
    """It was approved, and taken back before it was used."""
    USED = "used"
    """It was approved, and the call has run on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One question, as it stands at the moment it was read."""

    approval_id: str
    state: ApprovalState
    event_id: str
    session_id: str
    user: str
    user_names: tuple[str, ...]
    key_id: int
    agent: str
    host: str | None
    cwd: str | None
    action: str
    tool: str
    summary: str
    arguments: Any
    risk: RiskLevel
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    asked_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str
    used_event_id: str | None
    """Of the call that has run on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of one question that somebody answered."""

    decision: ApprovalState
    """Approved, denied or withdrawn, which was approved before."""
    by: str
    waited_s: float

    @property
    def approved(self) -> bool:
        """Whether the call was let run, be it that this was taken back later."""
        return self.decision is not ApprovalState.DENIED


def view_of(row: Any, now: datetime) -> Approval:
    """As readers see it at `now`."""
    same = (
        "approval_id",
        "event_id",
        "session_id",
        "key_id",
        "agent",
        "host",
        "cwd",
        "action",
        "tool",
        "summary",
        "arguments",
        "asked_at",
        "expires_at",
        "decided_by",
        "decided_at",
        "note",
        "used_event_id",
    )
    return Approval(
        **{name: row[name] for name in same},
        state=_state(row, now),
        user=row["user_label"],
        user_names=tuple(row["user_names"]),
        risk=RiskLevel(row["risk"]),
        reasons=tuple(row["reasons"]),
        rules=tuple(row["rules"]),
    )


def view_for_call(row: Any, call_id: str, now: datetime) -> Approval:
    """As the call sees it: what it used up itself is an approval still."""
    view = view_of(row, now)
    is_own = row["used_by"] == call_id
    return replace(view, state=ApprovalState.APPROVED) if is_own else view


def _state(row: Mapping[str, Any], now: datetime) -> ApprovalState:
    decision = row["decision"]
    if decision == ApprovalState.APPROVED.value and row["used_by"] is not None:
        return ApprovalState.USED
    is_over = row["expires_at"] <= now
    if decision is None or decision == ApprovalState.APPROVED.value:
        open_ = ApprovalState.PENDING if decision is None else ApprovalState.APPROVED
        return ApprovalState.EXPIRED if is_over else open_
    return ApprovalState(decision)
