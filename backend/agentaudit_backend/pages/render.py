"""A typed context and a template -> an answer; whole page or the fragment that htmx asked for."""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from agentaudit_backend.pages.preferences import kept_zone, preferences
from agentaudit_backend.pages.site import Visit, site_of
from agentaudit_backend.templates.environment import environment
from agentaudit_backend.templates.zones import read_in
from agentaudit_processor import __version__

_OWN_PATH = re.compile(r"/dashboard(?:[/?][^\\\x00-\x20\x7f]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One entry of the navigation."""

    name: str
    href: str


PLACES = (
    Place(name="Timeline", href="/dashboard"),
    Place(name="Sessions", href="/dashboard/sessions"),
    Place(name="Approvals", href="/dashboard/approvals"),
    Place(name="Stats", href="/dashboard/stats"),
    Place(name="Policy", href="/dashboard/policy"),
    Place(name="Alerts", href="/dashboard/alerts"),
    Place(name="Admin", href="/dashboard/admin/people"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What surrounds every page."""

    place: str | None
    here: str
    """Path and query of this page, to come back to."""
    theme: str | None
    """`light`, `dark`, or None: as the system."""
    keys: bool
    """One-letter keys are on."""
    who: str | None = None
    """Prefix of the key; None when nobody is logged in."""
    name: str = ""
    """Of that key: whose it is."""
    role: str | None = None
    organisation: str = ""
    """What people called it; empty while nobody did."""
    csrf: str = ""
    waiting: int = 0
    """Approvals that wait for somebody."""
    demo: bool = False
    """Demonstration data is among what is shown."""
    version: str = __version__
    places: tuple[Place, ...] = PLACES

    @staticmethod
    def static(name: str, *, stamped: bool = True) -> str:
        """Address of one of our files; the stamp changes with its bytes, so it may be cached."""
        path = f"/dashboard/static/{name}"
        return f"{path}?v={_stamp(name)}" if stamped else path


@cache
def _stamp(name: str) -> str:
    return sha256(files("agentaudit_backend").joinpath("static", name).read_bytes()).hexdigest()[
        :12
    ]


def own_path(value: str | None) -> str:
    """`value` if it is a path of the dashboard, else the timeline: never another site."""
    return value if value and _OWN_PATH.fullmatch(value) else "/dashboard"


def page(
    visit: Visit, template: str, context: Any, *, place: str | None, status: int = 200
) -> Response:
    """The page for somebody who is logged in; only its `results` block if htmx asked for that."""
    shell = _shell(visit.request, place, visit)
    made = environment().get_template(template)
    names = {"shell": shell, "page": context}
    headers = {"vary": "HX-Request-Type, Cookie"}
    if visit.request.headers.get("hx-request-type") == "partial" and "results" in made.blocks:
        block = made.blocks["results"](made.new_context(names))
        return HTMLResponse("".join(block), status, headers=headers)
    return HTMLResponse(made.render(names), status, headers=headers)


def outside(request: Request, template: str, context: Any, *, status: int = 200) -> Response:
    """A page that needs no log-in: the log-in itself, and errors."""
    names = {"shell": _shell(request, None, None), "page": context}
    with read_in(kept_zone(request), site_of(request).clock()):
        return HTMLResponse(environment().get_template(template).render(names), status)


def _shell(request: Request, place: str | None, visit: Visit | None) -> Shell:
    wishes = preferences(request)
    query = request.url.query
    looks = {
        "place": place,
        "here": own_path(request.url.path + (f"?{query}" if query else "")),
        "theme": wishes.get("theme"),
        "keys": wishes.get("keys") != "off",
    }
    if visit is None:
        return Shell(**looks)  # type: ignore[arg-type]
    return Shell(
        **looks,  # type: ignore[arg-type]
        organisation=visit.site.organisation
        or visit.site.store.organization_name(visit.organization_id),
        who=visit.session.key_prefix,
        name=visit.session.name,
        role=visit.session.caller.role,
        waiting=visit.site.store.approvals.count_pending(visit.organization_id, visit.now),
        csrf=visit.session.csrf_token,
        demo=visit.site.store.has_demo(visit.organization_id),
    )
