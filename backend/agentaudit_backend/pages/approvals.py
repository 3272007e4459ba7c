"""Stopped calls that a person may let run: the queue, one question, and the answer to it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.approvals.deciding import (
    NOTE_LIMIT,
    Approver,
    MayNot,
    approver_of,
    check_may,
    decide,
    withdraw,
)
from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.framing import event_href, session_href
from agentaudit_backend.pages.query import BadQuery, Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.approval_views import Approval, ApprovalState
from agentaudit_backend.store.approvals import LISTED

PATH: Final = "/dashboard/approvals"
_ANSWERS = {"approve": ApprovalState.APPROVED, "deny": ApprovalState.DENIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One question as it is shown."""

    approval: Approval
    href: str
    what: str
    """All of the call's input, masked: a command as it is, else JSON."""
    minutes_left: int
    event_href: str
    session_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsPage:
    """Context of approvals.html."""

    cards: tuple[Card, ...]
    pending: bool
    waiting: int
    is_on: bool
    """The policy leaves some calls to people."""
    state: str
    """What stands for these rows when they are taken away."""
    first: str | None
    more: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPage:
    """Context of approval.html."""

    card: Card
    decision: str | None
    """What is about to be confirmed: approve or deny."""
    may_not: str | None
    """Why this person may not answer."""


def show_list(visit: Visit) -> Response:
    """What waits, the oldest first; or with `?state=decided` what does no more."""
    store, organization = visit.site.store, visit.organization_id
    asked = visit.request.query_params
    pending = asked.get("state") != "decided"
    after = _known(visit, asked["after"]) if "after" in asked else None
    found = store.approvals.list(
        organization, visit.now, pending=pending, after=after, most=LISTED + 1
    )
    shown = found[:LISTED]
    state = "pending" if pending else "decided"
    context = ApprovalsPage(
        cards=tuple(_card(each, visit.now) for each in shown),
        pending=pending,
        state=urlencode({"state": state}),
        first=f"{PATH}?{urlencode({'state': state})}" if after else None,
        more=f"{PATH}?{urlencode({'state': state, 'after': shown[-1].approval_id})}"
        if len(found) > LISTED
        else None,
        waiting=store.approvals.count_pending(organization, visit.now),
        is_on=store.policy(organization).approvals.up_to is not None,
    )
    return page(visit, "approvals.html", context, place="Approvals")


def show_one(visit: Visit) -> Response:
    """One question; with `?decide=` the step that confirms an answer."""
    approval = _asked(visit)
    decision = visit.request.query_params.get("decide")
    context = ApprovalPage(
        card=_card(approval, visit.now),
        decision=decision if decision in _ANSWERS else None,
        may_not=_may_not(visit, approval),
    )
    return page(visit, "approval.html", context, place="Approvals")


def answer(visit: Visit, form: FormData) -> Response:
    """Approve once, deny with a reason, or take an approval back.

    Raises:
        Problem: 403, this person may not; 409, somebody else was first, or it has expired.
    """
    admins_only(visit, "answer")
    approval, decision = _asked(visit), str(form.get("decision", ""))
    note = " ".join(str(form.get("note", "")).split())[:NOTE_LIMIT]
    if decision == "deny" and not note:
        raise BadQuery("note", "a denial needs a reason: the agent is told it")
    store, judge, organization = visit.site.store, visit.site.judge, visit.organization_id
    who = _approver(visit)
    try:
        if decision == "withdraw":
            known, counts = withdraw(
                store, judge, organization, approval, approver=who, now=visit.now
            )
        elif decision in _ANSWERS:
            known, counts = decide(
                store,
                judge,
                organization,
                approval,
                _ANSWERS[decision],
                approver=who,
                note=note,
                now=visit.now,
            )
        else:
            raise BadQuery("decision", "expected approve, deny or withdraw")
    except MayNot as why:
        raise Problem(
            403, "Not you", str(why), "Ask somebody else to answer.", href=PATH, link="The queue"
        ) from None
    if not counts:
        raise _late(known)
    return RedirectResponse(f"{PATH}/{known.approval_id}", 303)


def _late(known: Approval) -> Problem:
    if known.state is ApprovalState.EXPIRED:
        why = "Nobody answered in time. If the agent tries again, it is asked anew."
        return Problem(409, "It has expired", why, "See what waits.", href=PATH, link="The queue")
    return Problem(
        409,
        "Somebody was first",
        f"It is {known.state.value}{f', by {known.decided_by}' if known.decided_by else ''}.",
        "Your answer was not taken.",
        href=f"{PATH}/{known.approval_id}",
        link="See their answer",
    )


def _approver(visit: Visit) -> Approver:
    keys = visit.site.store.list_keys(visit.organization_id)
    return approver_of(keys, visit.session.caller.key_id)


def _may_not(visit: Visit, approval: Approval) -> str | None:
    if not visit.is_admin:
        return "Answering takes the role admin."
    try:
        policy = visit.site.store.policy(visit.organization_id).approvals
        check_may(_approver(visit), approval, policy)
    except MayNot as why:
        return str(why)
    return None


def _card(approval: Approval, now: datetime) -> Card:
    arguments = approval.arguments if isinstance(approval.arguments, dict) else {}
    command = arguments.get("command")
    what = command if isinstance(command, str) else json.dumps(arguments, indent=2)
    left = (approval.expires_at - now).total_seconds()
    return Card(
        approval=approval,
        href=f"{PATH}/{approval.approval_id}",
        what=what if arguments else approval.summary,
        minutes_left=max(0, int(left // 60)),
        event_href=event_href(approval.event_id, Query(range="all")),
        session_href=session_href(approval.session_id),
    )


def _known(visit: Visit, approval_id: str) -> Approval | None:
    try:
        return visit.site.store.approvals.get(visit.organization_id, approval_id, visit.now)
    except LookupError:
        return None


def _asked(visit: Visit) -> Approval:
    found = _known(visit, str(visit.request.path_params["approval_id"]))
    if found is None:
        raise Problem(
            404,
            "No such question",
            "There is none of this id.",
            "See what waits.",
            href=PATH,
            link="The queue",
        )
    return found
