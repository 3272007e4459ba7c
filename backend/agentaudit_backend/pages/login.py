"""Log in with an API key, log out, and choose how the pages look."""

from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.doors import read_form, refuse_foreign
from agentaudit_backend.pages.entering import welcome
from agentaudit_backend.pages.looking import record_logout, record_refused_login
from agentaudit_backend.pages.parameters import read_zone
from agentaudit_backend.pages.preferences import kept_zone, remember, zone_wish
from agentaudit_backend.pages.render import outside, own_path
from agentaudit_backend.pages.site import COOKIE, Visit, address_of, site_of
from agentaudit_backend.pages.sso import FAREWELL

_WRONG = "That key is unknown, expired or revoked, or it is an ingest key, which cannot log in."


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """Context of login.html."""

    next: str
    sso: str | None
    """What the identity provider is called; None where there is none."""
    error: str | None = None
    has_ended: bool = False
    """A form was sent after the session's end."""


def show(request: Request) -> Response:
    """The form."""
    context = _page(request, own_path(request.query_params.get("next")))
    ended = replace(context, has_ended="ended" in request.query_params)
    return outside(request, "login.html", ended)


async def log_in(request: Request) -> Response:
    """Take the key, give a session: 303 to `next`; 401 for a wrong key, 429 after too many."""
    refuse_foreign(request)
    form = await read_form(request)
    return await run_in_threadpool(_log_in, request, form)


def _log_in(request: Request, form: FormData) -> Response:
    site = site_of(request)
    address = address_of(request)
    wanted = own_path(str(form.get("next", "")))
    wait = site.throttle.wait_seconds(address)
    if wait:
        told = f"Too many wrong keys from this address. Try again in {wait} seconds."
        response = outside(request, "login.html", _page(request, wanted, told), status=429)
        response.headers["retry-after"] = str(wait)
        return response
    token = site.store.create_web_session(str(form.get("key", "")).strip())
    if token is None:
        site.throttle.failed(address)
        record_refused_login(site, "key")
        return outside(request, "login.html", _page(request, wanted, _WRONG), status=401)
    site.throttle.succeeded(address)
    answer = welcome(request, RedirectResponse(wanted, 303), token, "key")
    if "zone" in form and kept_zone(request) is None:  # what the browser's own clock shows
        remember(request, answer, {"zone": zone_wish(str(form["zone"]))})
    return answer


def log_out(visit: Visit, form: FormData) -> Response:  # noqa: ARG001  every form handler's shape
    """End the session here and in the browser."""
    record_logout(visit)
    visit.site.store.end_web_session(visit.token)
    by_sso = visit.session.by_sso and visit.site.provider is not None
    answer = RedirectResponse(FAREWELL if by_sso else "/dashboard/login", 303)
    answer.delete_cookie(COOKIE, path="/dashboard")
    return answer


async def prefer(request: Request) -> Response:
    """Keep theme, keys or time zone in a cookie of this browser; nothing is stored here.

    Raises:
        BadQuery: there is no such zone.
    """
    refuse_foreign(request)
    form = await read_form(request)
    answer = RedirectResponse(own_path(str(form.get("next", ""))), 303)
    wishes = {n: str(form[n]) for n in ("theme", "keys") if n in form}
    if "zone" in form:
        wishes["zone"] = zone_wish(_zone_asked(str(form["zone"]).strip()))
    remember(request, answer, wishes)
    return answer


def _zone_asked(name: str) -> str:
    read_zone(name)
    return name


def _page(request: Request, wanted: str, error: str | None = None) -> LoginPage:
    provider = site_of(request).provider
    return LoginPage(next=wanted, sso=provider.name if provider else None, error=error)
