"""Who may answer, and the answer as an Event: for the page and the API alike."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from agentaudit_backend.recording import record_own
from agentaudit_backend.store.approval_views import Approval, ApprovalState
from agentaudit_backend.store.keys import KeyRow
from agentaudit_backend.store.store import Store
from agentaudit_processor.classify import globs
from agentaudit_processor.model import EventKind, Json
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Approvals as ApprovalPolicy

NOTE_LIMIT = 500


class MayNot(Exception):
    """This person may not answer this question; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who answers, with an API key."""

    key_id: int
    name: str
    """Of the key: whoever made it wrote there whose it is."""
    shown: str
    """As the log names them."""


def approver_of(keys: tuple[KeyRow, ...], key_id: int) -> Approver:
    """The holder of one of an organisation's keys."""
    key = next(key for key in keys if key.id == key_id)
    return Approver(key_id=key_id, name=key.name, shown=f"{key.name} (key {key.prefix}…)")


def check_may(approver: Approver, approval: Approval, policy: ApprovalPolicy) -> None:
    """Tell whether `approver` may answer.

    Raises:
        MayNot: the policy names others, or it is a call of their own.
    """
    if policy.approvers and not any(globs.matches(g, approver.name) for g in policy.approvers):
        raise MayNot("The policy names others who may (approvals.approvers).")
    own_names = {name.casefold() for name in approval.user_names}
    is_own = approver.key_id == approval.key_id or approver.name.casefold() in own_names
    if is_own and not policy.self_approval:
        raise MayNot("It is a call of your own; the policy wants somebody else to answer.")


def decide(
    store: Store,
    judge: Judge,
    organization_id: int,
    approval: Approval,
    decision: ApprovalState,
    *,
    approver: Approver,
    note: str,
    now: datetime,
) -> tuple[Approval, bool]:
    """Answer, and record it; gives how it stands then, and whether this was the one that counts.

    Raises:
        MayNot: see `check_may`.
    """
    policy = store.policy(organization_id).approvals
    check_may(approver, approval, policy)
    known, counts = store.approvals.decide(
        organization_id,
        approval.approval_id,
        decision,
        by=approver.shown,
        note=note,
        valid=timedelta(minutes=policy.valid_minutes),
        now=now,
    )
    if counts:
        record(store, judge, organization_id, known)
    return known, counts


def withdraw(
    store: Store,
    judge: Judge,
    organization_id: int,
    approval: Approval,
    *,
    approver: Approver,
    now: datetime,
) -> tuple[Approval, bool]:
    """Take an approval back before it is used, and record that."""
    known, counts = store.approvals.withdraw(
        organization_id, approval.approval_id, by=approver.shown, now=now
    )
    if counts:
        record(store, judge, organization_id, known)
    return known, counts


def record(store: Store, judge: Judge, organization_id: int, approval: Approval) -> None:
    """The answer as an Event, with who gave it, why, and to which call."""
    data: dict[str, Json] = {
        "approval": approval.approval_id,
        "decision": approval.state.value,
        "call": approval.event_id,
        "tool": approval.tool,
        "user": approval.user,
        "risk_level": approval.risk.label,
        "rules": list(approval.rules),
        "note": approval.note,
    }
    record_own(
        store,
        judge,
        organization_id,
        EventKind.APPROVAL,
        f"Approval{approval.state.value.capitalize()}",
        author=approval.decided_by or "nobody",
        at_ns=time.time_ns(),
        data=data,
    )
