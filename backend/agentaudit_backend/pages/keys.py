"""API keys: who holds which, a new one, and the end of one. Each is an Event."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_change
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.keys import SHOWN_LENGTH, KeyRow
from agentaudit_processor.model import Json

PATH: Final = "/dashboard/admin/keys"
NAME_LIMIT = 100
ROLES: Final = {
    "ingest": "writes events, for a laptop or a Collector",
    "auditor": "reads and exports",
    "admin": "also changes policy, keys and alerts",
}
LIFETIMES: Final = {"": "never", "30": "in 30 days", "90": "in 90 days", "365": "in a year"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """A key in the list."""

    key: KeyRow
    state: str
    """in force, expired or revoked."""
    is_own: bool
    """The one that this person is logged in with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysPage:
    """Context of keys.html."""

    keys: tuple[ListedKey, ...]
    roles: dict[str, str]
    lifetimes: dict[str, str]
    new: str | None
    """A key that was made this moment: the only time that it can be read."""


def show(visit: Visit) -> Response:
    """Every key, those in force first."""
    return _page(visit, None)


def create(visit: Visit, form: FormData) -> Response:
    """Make a key, and show it, once."""
    admins_only(visit, "make a key")
    name = " ".join(str(form.get("name", "")).split())[:NAME_LIMIT]
    role, days = str(form.get("role", "")), str(form.get("days", ""))
    if not name:
        raise BadQuery("name", "a key needs a name: whose it is")
    if role not in ROLES:
        raise BadQuery("role", f"expected one of {', '.join(ROLES)}")
    if days not in LIFETIMES:
        raise BadQuery("days", "expected one of the times offered")
    expires_at = visit.now + timedelta(days=int(days)) if days else None
    key = visit.site.store.create_key(
        visit.organization_id, role=role, name=name, expires_at=expires_at
    )
    shown = f"{key[:SHOWN_LENGTH]}…"
    record_change(visit, "KeyCreated", {"key": shown, "role": role, "name": name})
    return _page(visit, key)


def revoke(visit: Visit, _form: FormData) -> Response:
    """End a key, and every log-in with it.

    Raises:
        Problem: 409, it is one's own; 404, there is none.
    """
    admins_only(visit, "revoke a key")
    end_key(visit, str(visit.request.path_params["key_id"]), back=PATH)
    return RedirectResponse(PATH, 303)


def end_key(visit: Visit, asked: str, *, back: str) -> None:
    """The same, for every page that may.

    Raises:
        Problem: 409, it is one's own; 404, there is none.
    """
    if asked == str(visit.session.caller.key_id):
        raise Problem(
            409,
            "Not your own",
            "You are logged in with this key.",
            "Log in with another to revoke it.",
            href=back,
            link="Back to the list",
        )
    known = {str(key.id) for key in visit.site.store.list_keys(visit.organization_id)}
    if asked not in known:
        raise Problem(404, "No such key", "There is none.", "See the list.", href=back, link="List")
    for key in visit.site.store.revoke_key(visit.organization_id, asked):
        told: dict[str, Json] = {"key": f"{key.prefix}…", "role": key.role, "name": key.name}
        record_change(visit, "KeyRevoked", told)


def listed_keys(visit: Visit) -> tuple[ListedKey, ...]:
    """Every key, those in force first."""
    own = visit.session.caller.key_id
    listed = [
        ListedKey(key=key, state=_state(key, visit.now), is_own=key.id == own)
        for key in visit.site.store.list_keys(visit.organization_id)
    ]
    return tuple(sorted(listed, key=lambda each: each.state != "in force"))


def _state(key: KeyRow, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "in force"


def _page(visit: Visit, new: str | None) -> Response:
    context = KeysPage(
        keys=listed_keys(visit),
        roles=ROLES,
        lifetimes=LIFETIMES,
        new=new,
    )
    return page(visit, "keys.html", context, place="Admin")
