"""The way in by an invitation: who invites as what, then a key of one's own, shown once."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from agentaudit_backend.pages.doors import read_form, refuse_foreign
from agentaudit_backend.pages.entering import welcome
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.render import outside
from agentaudit_backend.pages.site import Site, site_of
from agentaudit_backend.store.people import Invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPage:
    """Context of invitation.html."""

    invitation: Invitation
    key: str | None
    """Made this moment: the only time that it can be read."""


async def show(request: Request) -> Response:
    """Who invites; opening the link alone uses nothing up, as previews of messages do it."""
    return await run_in_threadpool(_show, request)


async def accept(request: Request) -> Response:
    """Use the link up: a key, and a session."""
    refuse_foreign(request)
    await read_form(request)
    return await run_in_threadpool(_accept, request)


def _show(request: Request) -> Response:
    context = InvitationPage(invitation=_asked(site_of(request), request), key=None)
    return outside(request, "invitation.html", context)


def _accept(request: Request) -> Response:
    site = site_of(request)
    invitation = _asked(site, request)
    arrived = site.store.people.accept(str(request.path_params["token"]), site.clock())
    if arrived is None:
        raise _gone()
    context = InvitationPage(invitation=invitation, key=arrived.key)
    return welcome(
        request, outside(request, "invitation.html", context), arrived.token, "invitation"
    )


def _asked(site: Site, request: Request) -> Invitation:
    found = site.store.people.invitation(str(request.path_params["token"]), site.clock())
    if found is None:
        raise _gone()
    return found


def _gone() -> Problem:
    return Problem(
        404,
        "This invitation counts no more",
        "It was accepted or withdrawn, its time is over, or the link is not whole.",
        "Ask whoever sent it for another.",
        href="/dashboard/login",
        link="Log in",
    )
