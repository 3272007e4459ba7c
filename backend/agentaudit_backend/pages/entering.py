"""Coming in: the session that was opened, in the browser's cookie and on record."""

from starlette.requests import Request
from starlette.responses import Response

from agentaudit_backend.pages.looking import record_login
from agentaudit_backend.pages.site import COOKIE, Visit, by_tls, site_of


def welcome(request: Request, answer: Response, token: str, how: str) -> Response:
    """`answer` with the cookie of a session that was opened now; one that was before is over.

    Args:
        how: `key`, `invitation` or `SSO`, for the record.
    """
    site = site_of(request)
    if earlier := request.cookies.get(COOKIE):
        site.store.end_web_session(earlier)
    session = site.store.web_session(token)
    if session is not None:
        visit = Visit(site=site, request=request, session=session, now=site.clock(), token=token)
        record_login(visit, how)
    answer.set_cookie(
        COOKIE,
        token,
        path="/dashboard",
        httponly=True,
        samesite="lax",
        secure=by_tls(request),
    )
    return answer
