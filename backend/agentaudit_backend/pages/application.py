"""The dashboard as one ASGI application, and how it is put under `/dashboard` of the server."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.pages import (
    approvals,
    event,
    export,
    facets,
    live,
    report,
    reviewing,
    row_menu,
    session,
    sessions,
    setup,
    stats,
    subject,
    subjects,
    timeline,
    views,
)
from agentaudit_backend.pages.admin_routes import admin_routes, entrance_routes
from agentaudit_backend.pages.alert_routes import alert_routes
from agentaudit_backend.pages.doors import changing, reading, visiting
from agentaudit_backend.pages.errors import Problem, answer
from agentaudit_backend.pages.policy_routes import policy_routes
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.security import Guarded
from agentaudit_backend.pages.site import Site
from agentaudit_backend.sso.vouching import Vouching
from agentaudit_backend.store.queries import BadCursor
from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Unavailable

PREFIX = "/dashboard"


class _Text(Convertor[str]):
    """The rest of an address, whatever it holds: names come from agents, line ends included."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _Text())
_STATIC = Path(__file__).parent.parent / "static"


def install(
    app: Starlette,
    *,
    store: Store,
    judge: Judge,
    exporter: Exporter | None = None,
    postman: Postman | None = None,
    provider: Vouching | None = None,
    system: Callable[[], Mapping[str, str]] = dict,
    public_url: str = "",
) -> None:
    """Serve the dashboard under `/dashboard` of `app`; `/` leads there.

    Args:
        app: the server's application; FastAPI is one.
        store: open and migrated.
        judge: the process's own; judges what the dashboard itself records.
        exporter: makes large exports; where there is none, they wait.
        postman: sends tests to channels of alerts.
        provider: lets people in who have no key.
        system: what the process says of itself, by name.
        public_url: how people reach it, for links that are shown.
    """
    site = Site(
        store=store,
        judge=judge,
        exporter=exporter,
        postman=postman,
        provider=provider,
        system=system,
        public_url=public_url,
    )
    app.router.routes.append(_Under(PREFIX, dashboard(site)))
    app.router.routes.append(Route("/", _to_timeline))


def dashboard(site: Site) -> ASGIApp:
    """The application itself; its routes hold the whole path, `/dashboard` included."""
    get, post = ["GET"], ["POST"]
    made = Starlette(
        routes=[
            Route("/dashboard", reading(timeline.show), methods=get),
            Route("/dashboard/", _to_timeline, methods=get),
            Route("/dashboard/stream", live.stream, methods=get),
            *entrance_routes(),
            Route("/dashboard/columns", changing(timeline.choose_columns), methods=post),
            Route("/dashboard/views", changing(views.save), methods=post),
            Route("/dashboard/views/remove", changing(views.remove), methods=post),
            Route("/dashboard/reviews", changing(reviewing.save), methods=post),
            Route("/dashboard/facets/{name}", reading(facets.show), methods=get),
            Route("/dashboard/export", changing(export.download), methods=post),
            Route("/dashboard/events/{event_id}", reading(event.show), methods=get),
            Route("/dashboard/events/{event_id}/menu", reading(row_menu.show), methods=get),
            Route("/dashboard/events/{event_id}/record", reading(event.download), methods=get),
            Route("/dashboard/sessions", reading(sessions.show_list), methods=get),
            Route("/dashboard/sessions/{session_id:text}", reading(session.show), methods=get),
            Route("/dashboard/stats", reading(stats.show), methods=get),
            Route("/dashboard/users", reading(subjects.show("user")), methods=get),
            Route("/dashboard/agents", reading(subjects.show("agent")), methods=get),
            Route("/dashboard/hosts", reading(subjects.show("host")), methods=get),
            Route("/dashboard/users/{name:text}", reading(subject.show("user")), methods=get),
            Route("/dashboard/agents/{name:text}", reading(subject.show("agent")), methods=get),
            Route("/dashboard/hosts/{name:text}", reading(subject.show("host")), methods=get),
            Route("/dashboard/stats/report.pdf", changing(report.download), methods=post),
            Route("/dashboard/stats/report.json", changing(report.figures), methods=post),
            *policy_routes(),
            *alert_routes(),
            *admin_routes(),
            Route("/dashboard/approvals", reading(approvals.show_list), methods=get),
            Route("/dashboard/approvals/{approval_id}", reading(approvals.show_one), methods=get),
            Route("/dashboard/approvals/{approval_id}", changing(approvals.answer), methods=post),
            Route("/dashboard/setup", reading(setup.show), methods=get),
            Route("/dashboard/setup/key", reading(setup.show), methods=get),
            Route("/dashboard/setup/key", changing(setup.create_key), methods=post),
            Route("/dashboard/setup/test", changing(setup.send_test), methods=post),
            Route("/dashboard/setup/demo", changing(setup.load_demo), methods=post),
            Route("/dashboard/setup/demo/remove", changing(setup.remove_demo), methods=post),
            Mount("/dashboard/static", _Static(directory=_STATIC)),
        ],
        exception_handlers=dict.fromkeys(
            (Problem, BadQuery, BadCursor, Unavailable, Exception), answer
        )
        | {HTTPException: _refused},
    )
    made.state.site = site
    made.state.pulse = live.Pulse(site.store)
    return Guarded(made)  # outermost, so that a failure's page has the headers too


def _refused(request: Request, problem: Exception) -> Response:
    """No such page; whoever is logged in keeps the navigation."""
    with suppress(Unavailable):
        visiting(request)
    return answer(request, problem)


async def _to_timeline(request: Request) -> Response:  # noqa: ARG001
    return RedirectResponse(PREFIX, 303)


class _Static(StaticFiles):
    """Files whose address carries their hash: a browser may keep them."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=86400"
        return response


class _Under(BaseRoute):
    """Everything at or below a prefix goes to another application, its path unchanged.

    A Mount would take the prefix off, and answer the prefix itself with a redirect.
    """

    def __init__(self, prefix: str, app: ASGIApp) -> None:
        self.prefix = prefix
        self.app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether the path is ours."""
        path = scope.get("path", "")
        ours = path == self.prefix or path.startswith(f"{self.prefix}/")
        return (Match.FULL if ours and scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as if it had come to the other application first."""
        outer = {k: v for k, v in scope.items() if k not in ("app", "router", "route", "endpoint")}
        await self.app(outer, receive, send)
