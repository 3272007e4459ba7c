"""People who may log in: invited by a link that counts once, let in by SSO, or deactivated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.keys import NAME_LIMIT, ListedKey, end_key, listed_keys
from agentaudit_backend.pages.looking import record_change
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.people import VALID, Invitation
from agentaudit_backend.store.roles import CAN_READ

PATH: Final = "/dashboard/admin/people"
INVITE: Final = "/dashboard/invite"
ROLES: Final = {
    "auditor": "reads and exports",
    "admin": "also changes policy, keys and alerts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """Context of people.html."""

    people: tuple[ListedKey, ...]
    invitations: Sequence[Invitation]
    roles: dict[str, str]
    link: str | None
    """One that was made this moment: the only time that it can be read."""
    days: int
    sso: bool


def show(visit: Visit) -> Response:
    """Everybody who may log in, or could."""
    return _page(visit, None)


def invite(visit: Visit, form: FormData) -> Response:
    """Make a link, and show it, once."""
    admins_only(visit, "invite people")
    name = " ".join(str(form.get("name", "")).split())[:NAME_LIMIT]
    role = str(form.get("role", ""))
    if not name:
        raise BadQuery("name", "an invitation needs a name: whom it is for")
    if role not in ROLES:
        raise BadQuery("role", f"expected one of {', '.join(ROLES)}")
    store = visit.site.store
    token = store.people.invite(
        visit.organization_id, name=name, role=role, author=visit.person, now=visit.now
    )
    record_change(visit, "PersonInvited", {"name": name, "role": role})
    return _page(visit, f"{visit.address}{INVITE}/{token}")


def withdraw(visit: Visit, _form: FormData) -> Response:
    """Let an invitation count no more.

    Raises:
        Problem: 404, none of this id counts.
    """
    admins_only(visit, "withdraw an invitation")
    asked = str(visit.request.path_params["invitation_id"])
    if not visit.site.store.people.withdraw(visit.organization_id, asked, visit.now):
        raise Problem(
            404, "No such invitation", "It counts no more.", "See the list.", href=PATH, link="All"
        )
    record_change(visit, "InvitationWithdrawn", {"invitation": asked})
    return RedirectResponse(PATH, 303)


def deactivate(visit: Visit, _form: FormData) -> Response:
    """End what somebody logs in with, and every log-in of theirs.

    Raises:
        Problem: 409, it is oneself; 404, there is nobody.
    """
    admins_only(visit, "deactivate people")
    end_key(visit, str(visit.request.path_params["key_id"]), back=PATH)
    return RedirectResponse(PATH, 303)


def _page(visit: Visit, link: str | None) -> Response:
    people = tuple(each for each in listed_keys(visit) if each.key.role in CAN_READ)
    store = visit.site.store
    context = PeoplePage(
        people=people,
        invitations=store.people.open_invitations(visit.organization_id, visit.now),
        roles=ROLES,
        link=link,
        days=VALID.days,
        sso=visit.site.provider is not None,
    )
    return page(visit, "people.html", context, place="Admin")
