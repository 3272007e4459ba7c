"""Log-in by an identity provider: sent there, and back with its answer."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.entering import welcome
from agentaudit_backend.pages.errors import Problem, answer
from agentaudit_backend.pages.looking import record_refused_login
from agentaudit_backend.pages.render import outside, own_path
from agentaudit_backend.pages.site import address_of, by_tls, site_of
from agentaudit_backend.sso.vouching import NotVouched, Sent, Vouching

PATH: Final = "/dashboard/sso"
FAREWELL: Final = f"{PATH}/farewell"
CALLBACK: Final = f"{PATH}/callback"
_COOKIE: Final = "agentaudit_sso"
_SECONDS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class FarewellPage:
    """Context of farewell.html."""

    name: str
    there: str
    """Where one logs out of the provider."""


async def leave(request: Request) -> Response:
    """Send the browser to the provider; it carries along what its answer is checked by."""
    return await _aside(_leave, request)


async def come_back(request: Request) -> Response:
    """Take the provider's answer: 303 to where one wanted to be; 403 for who may not.

    What an answer is checked by counts once, whatever comes of it.
    """
    arrival = await _aside(_come_back, request)
    arrival.delete_cookie(_COOKIE, path=PATH)
    return arrival


async def say_farewell(request: Request) -> Response:
    """Tell who has logged out here that they have not there, and how to; else to the log-in.

    A page with a link: no form may lead to another host (CSP), and who shares a browser decides.
    """
    return await _aside(_farewell, request)


async def _aside(step: Callable[[Request], Response], request: Request) -> Response:
    try:
        limiter = site_of(request).provider_threads
        return await to_thread.run_sync(step, request, limiter=limiter)
    except Problem as problem:
        return answer(request, problem)


def _leave(request: Request) -> Response:
    provider = _provider(request)
    try:
        address, sent = provider.send()
    except NotVouched as why:
        raise _refused(str(why), 503) from None
    away = RedirectResponse(address, 303)
    told = asdict(sent) | {"next": own_path(request.query_params.get("next"))}
    away.set_cookie(
        _COOKIE,
        json.dumps(told).encode().hex(),
        max_age=_SECONDS,
        path=PATH,
        httponly=True,
        samesite="lax",
        secure=by_tls(request),
    )
    return away


def _come_back(request: Request) -> Response:
    provider, site = _provider(request), site_of(request)
    address = f"{PATH} {address_of(request)}"  # a key still lets in whom SSO does not
    if wait := site.throttle.wait_seconds(address):
        raise _refused(f"Too many log-ins from your address failed. Wait {wait} seconds.", 429)
    try:
        told = json.loads(bytes.fromhex(request.cookies.get(_COOKIE, "")))
        wanted = own_path(str(told.pop("next")))
        person = provider.vouch(request.query_params, Sent(**told))
    except NotVouched as why:
        site.throttle.failed(address)
        record_refused_login(site, "SSO")
        raise _refused(str(why), 403) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _refused("This browser was not sent there by us, or too long ago.", 403) from None
    arrived = site.store.people.arrive(
        site.store.default_organization(),
        subject=person.subject,
        name=person.name,
        role=person.role,
        now=site.clock(),
    )
    if arrived is None:
        site.throttle.failed(address)
        record_refused_login(site, "SSO")
        raise _refused("You were deactivated here. Ask an admin.", 403)
    return welcome(request, RedirectResponse(wanted, 303), arrived.token, "SSO")


def _farewell(request: Request) -> Response:
    provider = _provider(request)
    try:
        there = provider.farewell(f"{site_of(request).public_url}/dashboard/login")
    except NotVouched:
        there = None
    if there is None:
        return RedirectResponse("/dashboard/login", 303)
    return outside(request, "farewell.html", FarewellPage(name=provider.name, there=there))


def _provider(request: Request) -> Vouching:
    provider = site_of(request).provider
    if provider is None:
        raise Problem(404, "Not found", "No identity provider is set up.", "Log in with a key.")
    return provider


def _refused(why: str, status: int) -> Problem:
    return Problem(
        status, "Not logged in", why, "Try again.", href="/dashboard/login", link="Log in"
    )
