"""Approvals: asked for by a hook, answered once by a person, used once by the call."""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, or_, select, update

from agentaudit_backend.store.approval_tables import Approval as ApprovalTable
from agentaudit_backend.store.approval_views import (
    Answered,
    Approval,
    ApprovalState,
    view_for_call,
    view_of,
)
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.reading.keyset import beyond
from agentaudit_backend.store.tables import table_of
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import AuditEvent, ToolCall

_TABLE = table_of(ApprovalTable)
LISTED = 100
"""Questions of one page."""
_BY_TIME = (_TABLE.c.asked_at, _TABLE.c.approval_id)


class Approvals:
    """Those of one database. Safe for several threads and servers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(
        self,
        organization_id: int,
        event: AuditEvent,
        *,
        call_key: str,
        key_id: int,
        valid: timedelta,
        now: datetime,
    ) -> Approval:
        """The answer to this very call, if there is one that holds; else a question for a person.

        An approval that is given here is used up, but by the same call it may be asked for again.

        Args:
            event: the stopped call, judged and masked; not stored here.
        """
        call = event.activity
        assert isinstance(call, ToolCall)  # noqa: S101  nobody stops a fact
        with writing(self._engine) as connection:
            row = _latest(connection, organization_id, call_key)
            if row is None or not _holds(row, call.call_id, now):
                row = {
                    "organization_id": organization_id,
                    "call_key": call_key,
                    "key_id": key_id,
                    "asked_at": now,
                    "expires_at": now + valid,
                    **_of_call(event, call),
                }
                connection.execute(insert(_TABLE), row)
            elif row["decision"] == ApprovalState.APPROVED.value and row["used_by"] is None:
                _use(connection, row["approval_id"], call.session_id, call.call_id)
            return view_for_call(row, call.call_id, now)

    def use(
        self,
        organization_id: int,
        approval_id: str,
        *,
        session_id: str,
        call_id: str,
        now: datetime,
    ) -> Approval:
        """How the question stands; an approval is used up by this call thereby.

        Raises:
            LookupError: there is none of this id.
        """
        with writing(self._engine) as connection:
            row = _one(connection, organization_id, approval_id)
            view = view_for_call(row, call_id, now)
            if view.state is ApprovalState.APPROVED and row["used_by"] is None:
                _use(connection, approval_id, session_id, call_id)
            return view

    def about(self, organization_id: int, event_id: str, now: datetime) -> Approval | None:
        """The latest question that this Event's call asked, or ran on the answer of."""
        is_its = or_(_TABLE.c.event_id == event_id, _TABLE.c.used_event_id == event_id)
        with reading(self._engine) as connection:
            row = (
                connection.execute(
                    select(_TABLE)
                    .where(_TABLE.c.organization_id == organization_id, is_its)
                    .order_by(_TABLE.c.asked_at.desc(), _TABLE.c.approval_id)
                    .limit(1)
                )
                .mappings()
                .one_or_none()
            )
        return None if row is None else view_of(row, now)

    def get(self, organization_id: int, approval_id: str, now: datetime) -> Approval:
        """One question.

        Raises:
            LookupError: there is none of this id.
        """
        with reading(self._engine) as connection:
            return view_of(_one(connection, organization_id, approval_id), now)

    def list(
        self,
        organization_id: int,
        now: datetime,
        *,
        pending: bool,
        after: Approval | None = None,
        most: int = LISTED,
    ) -> tuple[Approval, ...]:
        """Those that wait, the oldest first; or those that do no more, the newest first.

        Args:
            after: those that follow it in this order.
        """
        waits = (_TABLE.c.decision.is_(None)) & (_TABLE.c.expires_at > now)
        wanted = select(_TABLE).where(_TABLE.c.organization_id == organization_id)
        wanted = wanted.where(waits if pending else ~waits).limit(most)
        if after is not None:
            place = (after.asked_at, after.approval_id)
            wanted = wanted.where(beyond(_BY_TIME, place, descending=not pending))
        order = [column if pending else column.desc() for column in _BY_TIME]
        with reading(self._engine) as connection:
            found = connection.execute(wanted.order_by(*order))
            return tuple(view_of(row, now) for row in found.mappings())

    def answered(
        self, organization_id: int, since: datetime | None, until: datetime
    ) -> tuple[Answered, ...]:
        """The questions that a person answered in `[since, until)`."""
        at = _TABLE.c.decided_at
        wanted = (
            select(_TABLE.c.decision, _TABLE.c.decided_by, _TABLE.c.asked_at, at)
            .where(_TABLE.c.organization_id == organization_id)
            .where(_TABLE.c.decision.is_not(None), at < until)
        )
        if since is not None:
            wanted = wanted.where(at >= since)
        with reading(self._engine) as connection:
            return tuple(
                Answered(
                    decision=ApprovalState(row.decision),
                    by=row.decided_by or "",
                    waited_s=(row.decided_at - row.asked_at).total_seconds(),
                )
                for row in connection.execute(wanted)
            )

    def count_pending(self, organization_id: int, now: datetime) -> int:
        """How many wait."""
        with reading(self._engine) as connection:
            return connection.execute(
                select(func.count())
                .select_from(_TABLE)
                .where(_TABLE.c.organization_id == organization_id)
                .where(_TABLE.c.decision.is_(None), _TABLE.c.expires_at > now)
            ).scalar_one()

    def decide(
        self,
        organization_id: int,
        approval_id: str,
        decision: ApprovalState,
        *,
        by: str,
        note: str,
        valid: timedelta,
        now: datetime,
    ) -> tuple[Approval, bool]:
        """Answer; gives how it stands then, and whether this was the answer that counts.

        Args:
            valid: how long an approval may be used from now on.

        Raises:
            LookupError: there is none of this id.
        """
        values = {"decision": decision.value, "decided_by": by, "decided_at": now, "note": note}
        if decision is ApprovalState.APPROVED:
            values["expires_at"] = now + valid
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(_TABLE)
                .where(_TABLE.c.approval_id == approval_id)
                .where(_TABLE.c.organization_id == organization_id)
                .where(_TABLE.c.decision.is_(None), _TABLE.c.expires_at > now)
                .values(**values)
            )
            row = _one(connection, organization_id, approval_id)
            return view_of(row, now), changed.rowcount == 1

    def withdraw(
        self, organization_id: int, approval_id: str, *, by: str, now: datetime
    ) -> tuple[Approval, bool]:
        """Take an approval back that was not used; gives how it stands, and whether it worked.

        Raises:
            LookupError: there is none of this id.
        """
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(_TABLE)
                .where(_TABLE.c.approval_id == approval_id)
                .where(_TABLE.c.organization_id == organization_id)
                .where(_TABLE.c.decision == ApprovalState.APPROVED.value)
                .where(_TABLE.c.used_by.is_(None))
                .values(decision=ApprovalState.WITHDRAWN.value, decided_by=by, decided_at=now)
            )
            row = _one(connection, organization_id, approval_id)
            return view_of(row, now), changed.rowcount == 1


def _latest(connection: Connection, organization_id: int, call_key: str) -> Any:
    return (
        connection.execute(
            select(_TABLE)
            .where(_TABLE.c.organization_id == organization_id)
            .where(_TABLE.c.call_key == call_key)
            .order_by(_TABLE.c.asked_at.desc(), _TABLE.c.approval_id)
            .limit(1)
            .with_for_update()  # SQLite ignores it: it holds its lock already
        )
        .mappings()
        .one_or_none()
    )


def _holds(row: Any, call_id: str, now: datetime) -> bool:
    """Whether the question is open still, or its answer is for this call."""
    if row["used_by"] is not None:
        return bool(row["used_by"] == call_id)
    return bool(row["expires_at"] > now and row["decision"] != ApprovalState.WITHDRAWN.value)


def _one(connection: Connection, organization_id: int, approval_id: str) -> Any:
    row = (
        connection.execute(
            select(_TABLE)
            .where(_TABLE.c.approval_id == approval_id)
            .where(_TABLE.c.organization_id == organization_id)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise LookupError(approval_id)
    return row


def _use(connection: Connection, approval_id: str, session_id: str, call_id: str) -> None:
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.approval_id == approval_id)
        .values(used_by=call_id, used_event_id=event_id_of(session_id, call_id))
    )


def _of_call(event: AuditEvent, call: ToolCall) -> dict[str, Any]:
    actor = call.actor
    names = [actor.label, actor.user_email, actor.user_id, actor.user_name]
    return {
        "approval_id": token_hex(8),
        "event_id": event.event_id,
        "call_id": call.call_id,
        "session_id": call.session_id,
        "user_label": actor.label,
        "user_names": sorted({name for name in names if name}),
        "agent": actor.agent_name,
        "host": actor.host_name,
        "cwd": call.cwd,
        "action": call.action.value,
        "tool": call.tool_name,
        "summary": event.summary,
        "arguments": dict(call.arguments),
        "risk": int(event.verdict.risk_level),
        "reasons": list(event.verdict.reasons),
        "rules": list(dict.fromkeys(finding.rule_id for finding in event.findings)),
        "decision": None,
        "decided_by": None,
        "decided_at": None,
        "note": "",
        "used_by": None,
        "used_event_id": None,
    }
