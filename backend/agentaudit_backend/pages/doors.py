"""Who may open which page: log-in for reading, a token of our own form for changing."""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.preferences import kept_zone
from agentaudit_backend.pages.render import own_path
from agentaudit_backend.pages.site import COOKIE, Visit, site_of
from agentaudit_backend.templates.zones import read_in

FORM_LIMIT_BYTES = 64_000
Endpoint = Callable[[Request], Awaitable[Response]]


def reading(handler: Callable[[Visit], Response]) -> Endpoint:
    """A page to look at: needs a log-in, else leads there. Runs in a thread: the store blocks."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(_read, handler, request)

    return endpoint


def _read(handler: Callable[[Visit], Response], request: Request) -> Response:
    visit = visiting(request)
    if visit is None:
        return _to_login(request)
    with read_in(kept_zone(request), visit.now):
        return handler(visit)


def changing(handler: Callable[[Visit, FormData], Response]) -> Endpoint:
    """A form that does something: needs a log-in and that session's CSRF token."""

    async def endpoint(request: Request) -> Response:
        refuse_foreign(request)
        form = await read_form(request)
        return await run_in_threadpool(_change, handler, request, form)

    return endpoint


def _change(
    handler: Callable[[Visit, FormData], Response], request: Request, form: FormData
) -> Response:
    visit = visiting(request)
    if visit is None:
        return _to_login(request)
    if not compare_digest(str(form.get("csrf", "")).encode(), visit.session.csrf_token.encode()):
        raise Problem(
            403,
            "This form is out of date",
            "Its token does not belong to your session.",
            "Open the page anew and send the form again; nothing was changed.",
            href=_page_of_form(request),
            link="Open the page",
        )
    with read_in(kept_zone(request), visit.now):
        return handler(visit, form)


def visiting(request: Request) -> Visit | None:
    """Who is asking; None when nobody is logged in."""
    site = site_of(request)
    token = request.cookies.get(COOKIE)
    session = site.store.web_session(token) if token else None
    if session is None:
        return None
    visit = Visit(site=site, request=request, session=session, now=site.clock(), token=token or "")
    request.state.visit = visit  # for the page of an error, which keeps the navigation then
    return visit


def admins_only(visit: Visit, what: str) -> None:
    """Refuse anybody who may only read.

    Raises:
        Problem: 403, naming the role that is needed.
    """
    if not visit.is_admin:
        raise Problem(
            403,
            "Not with this key",
            f"To {what} takes the role admin; you are logged in as {visit.session.caller.role}.",
            "Log in with an admin key, or ask somebody who has one.",
        )


async def read_form(request: Request) -> FormData:
    """The fields of a small form.

    Raises:
        Problem: 413, or 422 when it is no form.
    """
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > FORM_LIMIT_BYTES:
        raise Problem(
            413,
            "Too large",
            "The form is larger than 64 kB; nothing was changed.",
            "Go back, where what you wrote still stands, and send less of it.",
        )
    if "chunked" in request.headers.get("transfer-encoding", ""):
        raise Problem(413, "Too large", "The form does not tell its size.", "Use the page's form.")
    return await request.form(max_files=0, max_fields=300)


def refuse_foreign(request: Request) -> None:
    """Refuse a form that another site sends, before any cookie is looked at.

    Raises:
        Problem: 403.
    """
    told = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if told is not None:
        foreign = told not in ("same-origin", "none")
    else:  # an old browser, or plain HTTP from another machine
        foreign = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if foreign:
        raise Problem(
            403, "Not from there", "Another site sent this form.", "Use the dashboard's own form."
        )


def _page_of_form(request: Request) -> str:
    """Where the form that was sent stands, as the browser tells; else the timeline."""
    told = urlsplit(request.headers.get("referer", ""))
    is_ours = told.netloc == request.headers.get("host")
    return own_path(told.path + (f"?{told.query}" if told.query else "") if is_ours else None)


def _to_login(request: Request) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = f"/dashboard/login?next={quote(own_path(here), safe='/')}"
    if request.method != "GET":
        target = f"/dashboard/login?ended=1&next={quote(_page_of_form(request), safe='/')}"
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"hx-redirect": target})
    return RedirectResponse(target, 303)
