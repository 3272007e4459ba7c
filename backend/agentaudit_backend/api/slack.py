"""`/v1/slack/actions`: clicks on the buttons of our Slack messages; their signature is the key."""

import json
import logging

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from agentaudit_backend.alerts.posting import NotSent, post
from agentaudit_backend.alerts.slack_app import (
    BODY_LIMIT_BYTES,
    Click,
    NotSlack,
    SlackApp,
    read_click,
)
from agentaudit_backend.api.backend import Backend, backend_of
from agentaudit_backend.api.errors import Problem
from agentaudit_backend.approvals.deciding import NOTE_LIMIT, Approver, MayNot, approver_of, decide
from agentaudit_backend.store.approval_views import ApprovalState
from agentaudit_backend.store.values import from_nanoseconds

router = APIRouter(tags=["slack"])
log = logging.getLogger(__name__)


@router.post("/v1/slack/actions", include_in_schema=False)
async def act(request: Request) -> Response:
    """Take a click: 200 whatever comes of it, which whoever clicked is told; 401 if not Slack's."""
    backend = backend_of(request)
    if backend.slack is None:
        raise Problem(404, "no Slack app is set up here")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise Problem(413, f"the body is larger than {BODY_LIMIT_BYTES} bytes")
    return await run_in_threadpool(_act, backend, backend.slack, request, bytes(body))


def _act(backend: Backend, app: SlackApp, request: Request, body: bytes) -> Response:
    try:
        app.check(request.headers, body, from_nanoseconds(backend.clock_ns()))
    except NotSlack as why:
        raise Problem(401, f"not from Slack: {why}") from None
    try:
        click = read_click(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Problem(422, "no interaction of Slack's") from None
    if click is None:
        return Response()
    told = _decided(backend, app, click)
    return Response(background=BackgroundTask(_tell, backend, click, told))  # Slack waits for 3 s


def _decided(backend: Backend, app: SlackApp, click: Click) -> str:
    """What became of it, in words for whoever clicked."""
    store, now = backend.store, from_nanoseconds(backend.clock_ns())
    organization_id = store.default_organization()
    approver = _approver(backend, app, organization_id, click.user_id)
    if approver is None:
        return "Nothing was answered: your Slack user stands for no admin here."
    if not click.approved and not click.reason:
        return "Nothing was answered: a denial needs a reason, in the field above the buttons."
    try:
        known, counts = decide(
            store,
            backend.judge,
            organization_id,
            store.approvals.get(organization_id, click.approval_id, now),
            ApprovalState.APPROVED if click.approved else ApprovalState.DENIED,
            approver=approver,
            note=click.reason[:NOTE_LIMIT],
            now=now,
        )
    except LookupError:
        return "Nothing was answered: there is no such question any more."
    except MayNot as why:
        return f"Nothing was answered: {why}"
    if not counts:
        by = f" by {known.decided_by}" if known.decided_by else ""
        return f"Nothing was answered: it is {known.state.value} already{by}."
    return f"It is {known.state.value}."


def _approver(
    backend: Backend, app: SlackApp, organization_id: int, user_id: str
) -> Approver | None:
    """The admin for whom a Slack user stands; only one whose key is in force."""
    name = app.people.get(user_id)
    keys, now = backend.store.list_keys(organization_id), from_nanoseconds(backend.clock_ns())
    for key in keys:
        is_in_force = key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
        if name and key.name == name and key.role == "admin" and is_in_force:
            return approver_of(keys, key.id)
    return None


def _tell(backend: Backend, click: Click, words: str) -> None:
    """Say it to them alone. Slack shows nothing of itself, so that a failure here is logged."""
    if not click.answer_to or backend.guard is None:
        return
    body = json.dumps({"response_type": "ephemeral", "replace_original": False, "text": words})
    headers = {"content-type": "application/json; charset=utf-8"}
    try:
        post(backend.guard, click.answer_to, body.encode(), headers)
    except NotSent as why:
        log.warning("slack: the answer to a click was not sent: %s", why)
