"""What went wrong, in one shape: what, why, what now, request id."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.render import outside, page
from agentaudit_backend.store.database import TooLong
from agentaudit_backend.store.queries import BadCursor
from agentaudit_processor.ports import Unavailable

_UNWRITABLE = ("disk is full", "readonly database", "ReadOnlySqlTransaction")
"""How SQLite and PostgreSQL say that they take nothing."""


class Problem(Exception):
    """Something that a person must be told instead of the page."""

    def __init__(
        self,
        status: int,
        title: str,
        why: str,
        then: str,
        *,
        href: str = "/dashboard",
        link: str = "To the timeline",
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.why = why
        self.then = then
        self.href = href
        self.link = link


_TOO_LONG = Problem(
    503,
    "This takes too long",
    "The database was asked for longer than a page may take, and the question was ended. What "
    "agents send is still stored.",
    "Ask for a shorter time, or add a condition.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """Context of error.html."""

    status: int
    title: str
    why: str
    then: str
    href: str
    link: str
    request_id: str


def answer(request: Request, problem: Exception) -> Response:
    """The page for a Problem. htmx is sent there as a whole page, so that it is read as one."""
    told = _told(problem)
    headers = {}
    if request.headers.get("hx-request") and request.method == "GET":
        headers["hx-redirect"] = str(request.url.path) + (
            f"?{request.url.query}" if request.url.query else ""
        )
    context = ErrorPage(
        status=told.status,
        title=told.title,
        why=told.why,
        then=told.then,
        href=told.href,
        link=told.link,
        request_id=str(getattr(request.state, "request_id", "none")),
    )
    response = _page(request, context)
    response.headers.update(headers)
    if isinstance(problem, HTTPException) and problem.headers:
        response.headers.update(problem.headers)
    return response


def _page(request: Request, context: ErrorPage) -> Response:
    """With the navigation for whoever is logged in, unless the server itself is in trouble."""
    visit = getattr(request.state, "visit", None)
    if visit is None or context.status >= 500:
        return outside(request, "error.html", context, status=context.status)
    return page(visit, "error.html", context, place=None, status=context.status)


def _told(problem: Exception) -> Problem:
    if isinstance(problem, Problem):
        return problem
    if isinstance(problem, BadQuery):
        return Problem(
            422,
            "This address asks for something unclear",
            f"“{problem.field}”: {problem.message}.",
            "Correct the value in the address, or start again from the timeline.",
        )
    if isinstance(problem, BadCursor):
        return Problem(
            422,
            "This place in the list is not known",
            "“cursor” is none that this server gave out for this list.",
            "Start again at the newest event.",
        )
    if isinstance(problem, Unavailable):
        return _TOO_LONG if isinstance(problem, TooLong) else _away(str(problem))
    if isinstance(problem, HTTPException):
        return _http(problem.status_code)
    return Problem(
        500,
        "The server could not answer",
        "Something failed here. What agents send is still received and stored.",
        "Try again; if it stays, tell whoever runs this server the request number below.",
    )


def _away(reason: str) -> Problem:
    if any(words in reason for words in _UNWRITABLE):
        return Problem(
            503,
            "Nothing can be written just now",
            "The database's disk is full, or the database may only be read. Nothing is lost: hooks "
            "keep their records until this is mended.",
            "Lists and events can be read meanwhile. What is recorded when it is read, as a "
            "session's trail is, cannot. Tell whoever runs this server.",
        )
    return Problem(
        503,
        "The database does not answer",
        "Nothing is lost: hooks keep their records until it is back.",
        "Try again in a moment.",
    )


def _http(status: int) -> Problem:
    if status == 404:
        return Problem(
            404, "Not found", "There is no such page.", "The link may be old or mistyped."
        )
    if status == 405:
        return Problem(
            405,
            "No page by itself",
            "This address takes what a form sends, or shows a page and takes none.",
            "Nothing was changed. Open the page that you want, and use its own buttons.",
        )
    return Problem(status, "Not possible", "The request was refused.", "Go back and try again.")
