"""`/v1/hook/approvals`: hooks ask if a stopped call may run. `/v1/approvals`: people answer."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from agentaudit_backend.api.backend import Backend, backend_of
from agentaudit_backend.api.doors import Admin, Anybody, Reader, body_of, read_body
from agentaudit_backend.api.errors import Problem, wrong_field
from agentaudit_backend.approvals.deciding import NOTE_LIMIT, MayNot, approver_of, decide
from agentaudit_backend.store.approval_views import Approval, ApprovalState
from agentaudit_backend.store.values import from_nanoseconds
from agentaudit_processor.classify.approvable import is_approvable
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Action, Actor, Decision, Phase, ToolCall
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.ports import Caller

router = APIRouter(tags=["approvals"])

MAX_WAIT_S = 8.0
_LOOK_S = 0.25
_NAME = 300


class AskedCall(BaseModel):
    """A call that a hook has stopped, its secrets masked."""

    model_config = ConfigDict(extra="ignore")

    call_key: str = Field(min_length=16, max_length=128, pattern="^[0-9a-f]+$")
    session_id: str = Field(min_length=1, max_length=_NAME)
    call_id: str = Field(min_length=1, max_length=_NAME)
    tool_name: str = Field(min_length=1, max_length=_NAME)
    action: Action
    arguments: dict[str, Any] = Field(default_factory=dict)
    cwd: str | None = Field(default=None, max_length=4096)
    agent: str = Field(min_length=1, max_length=_NAME)
    user_email: str | None = Field(default=None, max_length=_NAME)
    user_id: str | None = Field(default=None, max_length=_NAME)
    user_name: str | None = Field(default=None, max_length=_NAME)
    host: str | None = Field(default=None, max_length=_NAME)
    wait_s: float = Field(default=0.0, ge=0.0, le=60.0)


class Answer(BaseModel):
    """A person's answer."""

    model_config = ConfigDict(extra="forbid")

    decision: str
    note: str = Field(default="", max_length=NOTE_LIMIT)


@router.post("/v1/hook/approvals", openapi_extra=body_of(AskedCall))
async def ask(request: Request, caller: Anybody) -> dict[str, Any]:
    """Whether this very call may run: approved, denied or pending, after `wait_s` at most.

    An answer of `approved` is used up by it. 403 where the policy leaves the call to nobody.
    """
    asked, backend = await read_body(request, AskedCall), backend_of(request)
    question = await run_in_threadpool(_ask, backend, caller, asked)
    deadline = time.monotonic() + min(asked.wait_s, MAX_WAIT_S)
    while question.state is ApprovalState.PENDING and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_S)  # who waits holds no thread
        question = await run_in_threadpool(
            backend.store.approvals.use,
            caller.organization_id,
            question.approval_id,
            session_id=asked.session_id,
            call_id=asked.call_id,
            now=from_nanoseconds(backend.clock_ns()),
        )
    return _told(question)


@router.get("/v1/approvals")
def list_approvals(request: Request, caller: Reader, state: str = "pending") -> dict[str, Any]:
    """Questions that wait, the oldest first, or with `state=decided` the others, newest first."""
    if state not in ("pending", "decided"):
        raise wrong_field("state", "expected pending or decided")
    backend = backend_of(request)
    now = from_nanoseconds(backend.clock_ns())
    found = backend.store.approvals.list(caller.organization_id, now, pending=state == "pending")
    return {"approvals": [_told(each) for each in found]}


@router.post("/v1/approvals/{approval_id}", openapi_extra=body_of(Answer))
async def answer(request: Request, caller: Admin, approval_id: str) -> dict[str, Any]:
    """Approve once, or deny with a reason. 409, with the answer that counts, if one was first."""
    told = await read_body(request, Answer)
    return await run_in_threadpool(_answer, backend_of(request), caller, approval_id, told)


def _ask(backend: Backend, caller: Caller, asked: AskedCall) -> Approval:
    store, organization_id = backend.store, caller.organization_id
    policy = store.access.current(organization_id)
    judge = judge_under(backend.judge, policy)
    exam = judge.examine(_call_of(asked, backend.clock_ns()), digest_key=policy.digest_key)
    event = exam.event(policy)
    stopped = event.verdict.decision in (Decision.BLOCK, Decision.ASK)
    if stopped and not is_approvable(event.verdict, event.findings, policy.approvals):
        raise Problem(403, "the policy leaves this call to nobody")
    return store.approvals.ask(
        organization_id,
        event,
        call_key=asked.call_key,
        key_id=caller.key_id,
        valid=timedelta(minutes=policy.approvals.valid_minutes),
        now=from_nanoseconds(backend.clock_ns()),
    )


def _call_of(asked: AskedCall, now_ns: int) -> ToolCall:
    return ToolCall(
        session_id=asked.session_id,
        call_id=asked.call_id or uuid4().hex,
        tool_name=asked.tool_name,
        action=asked.action,
        actor=Actor(
            agent_name=asked.agent,
            user_email=asked.user_email,
            user_id=asked.user_id,
            user_name=asked.user_name,
            host_name=asked.host,
        ),
        phase=Phase.REQUESTED,
        trace_id=trace_id_of(asked.session_id),
        span_id=span_id_of(asked.session_id, asked.call_id),
        arguments=asked.arguments,
        started_ns=now_ns,
        cwd=asked.cwd,
    )


def _answer(backend: Backend, caller: Caller, approval_id: str, told: Answer) -> dict[str, Any]:
    store, organization_id = backend.store, caller.organization_id
    now = from_nanoseconds(backend.clock_ns())
    words = {"approve": ApprovalState.APPROVED, "deny": ApprovalState.DENIED}
    if told.decision not in words:
        raise wrong_field("decision", "expected approve or deny")
    note = " ".join(told.note.split())
    if told.decision == "deny" and not note:
        raise wrong_field("note", "a denial needs a reason: the agent is told it")
    try:
        known, counts = decide(
            store,
            backend.judge,
            organization_id,
            store.approvals.get(organization_id, approval_id, now),
            words[told.decision],
            approver=approver_of(store.list_keys(organization_id), caller.key_id),
            note=note,
            now=now,
        )
    except LookupError:
        raise Problem(404, "there is no such approval") from None
    except MayNot as why:
        raise Problem(403, str(why)) from None
    if not counts:
        who = f" by {known.decided_by}" if known.decided_by else ""
        raise Problem(409, f"it is {known.state.value} already{who}")
    return _told(known)


def _told(approval: Approval) -> dict[str, Any]:
    return {
        "id": approval.approval_id,
        "state": approval.state.value,
        "event_id": approval.event_id,
        "user": approval.user,
        "agent": approval.agent,
        "host": approval.host,
        "action": approval.action,
        "tool": approval.tool,
        "summary": approval.summary,
        "risk_level": approval.risk.label,
        "reasons": approval.reasons,
        "asked_at": approval.asked_at,
        "expires_at": approval.expires_at,
        "decided_by": approval.decided_by,
        "decided_at": approval.decided_at,
        "note": approval.note,
        "path": f"/dashboard/approvals/{approval.approval_id}",
    }
