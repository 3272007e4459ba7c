"""Set-up: what to type on a developer's machine, whether an Event has come, demonstration data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.demo.seeding import NotEmpty, seed
from agentaudit_backend.pages import framing
from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_key, record_test
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.setup_agents import PATH, Tab, Way, diff_of, tabs_of, way_of
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.demo_marks import is_demo
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.keys import SHOWN_LENGTH
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import EventKind

NAME_LENGTH = 100
DEMO_EVENTS: Final = 3000
DEMO_DAYS: Final = 30
_DEMO_SEED = 7
LONG: Final = timedelta(seconds=60)
"""After so much waiting the page says what may be wrong."""
_LOOKED_AT = 200
"""Latest Events among which one is looked for that is no demonstration."""
OF_AGENTS = EventFilter(
    kinds=(EventKind.TOOL_CALL, EventKind.SESSION, EventKind.PROMPT, EventKind.PERMISSION)
)
"""What a hook tells; a changed policy or an export is no sign that an agent is connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage:
    """Context of setup.html."""

    server: str
    """Address under which this page was reached: the hook's AGENTAUDIT_BASE_URL."""
    way: Way
    tabs: tuple[Tab, ...]
    diff: tuple[tuple[str, str], ...]
    """Class and text of each line that `install` changes."""
    state: tuple[tuple[str, str], ...]
    """Parameters that keep the way, and since when it waits."""
    poll: str
    """The same page in this state."""
    is_long: bool
    """It has waited for so long that something may be wrong."""
    tested: str | None
    """Where the test Event is that was sent from here."""
    latest: EventRow | None
    latest_href: str
    recent: bool
    """The latest Event came within the last ten minutes."""
    may_load_demo: bool
    key: str | None
    """A key that was made this moment: the only time that it can be read."""


def show(visit: Visit) -> Response:
    """The steps; the last part is fetched again every three seconds while nothing has come."""
    return _page(visit, None)


def create_key(visit: Visit, form: FormData) -> Response:
    """Make a key that can only write, and show it, once.

    Raises:
        Problem: 403, only an admin may.
    """
    admins_only(visit, "make a key")
    name = str(form.get("name", "")).strip()[:NAME_LENGTH] or "a machine"
    key = visit.site.store.create_key(visit.organization_id, role="ingest", name=name)
    record_key(visit, name, key[:SHOWN_LENGTH])
    return _page(visit, key)


def send_test(visit: Visit, form: FormData) -> Response:
    """Have the server judge and store an Event of its own: what is wrong then, is wrong before it.

    Raises:
        Problem: 403, only an admin may.
    """
    admins_only(visit, "send a test event")
    state = {name: str(form[name])[:NAME_LENGTH] for name in ("agent", "since") if form.get(name)}
    return RedirectResponse(f"{PATH}?{urlencode({**state, 'tested': record_test(visit)})}", 303)


def load_demo(visit: Visit, _form: FormData) -> Response:
    """Fill an empty dashboard with a team that does not exist, then show it.

    Raises:
        Problem: 403, only an admin may; 409, there are Events of real agents.
    """
    admins_only(visit, "load demonstration data")
    try:
        seed(
            visit.site.store,
            visit.site.judge,
            visit.organization_id,
            events=DEMO_EVENTS,
            days=DEMO_DAYS,
            seed=_DEMO_SEED,
            now=visit.now,
        )
    except NotEmpty as problem:
        raise Problem(
            409,
            "Not beside real events",
            f"No demonstration data was loaded: {problem}.",
            "Where you want it all the same: agentaudit seed --force.",
            href=PATH,
            link="Back to the set-up",
        ) from None
    return RedirectResponse("/dashboard?range=7d", 303)


def remove_demo(visit: Visit, _form: FormData) -> Response:
    """Take the demonstration out, and nothing else.

    Raises:
        Problem: 403, only an admin may.
    """
    admins_only(visit, "remove demonstration data")
    visit.site.store.remove_demo(visit.organization_id)
    return RedirectResponse(PATH, 303)


def _page(visit: Visit, key: str | None) -> Response:
    asked = visit.request.query_params
    found = visit.site.store.list_events(visit.organization_id, OF_AGENTS, limit=_LOOKED_AT)
    latest = next((event for event in found.items if not is_demo(event.session_id)), None)
    way, now = way_of(asked.get("agent")), int(visit.now.timestamp())
    since = _since(asked.get("since"), now)
    state = {"agent": way.name, "since": str(since)}
    context = SetupPage(
        server=visit.address,
        way=way,
        tabs=tabs_of(way, state),
        diff=diff_of(way),
        state=tuple(state.items()),
        poll=f"{PATH}?{urlencode(state)}",
        is_long=now - since >= LONG.total_seconds(),
        tested=_tested(visit, asked),
        latest=latest,
        latest_href=framing.event_href(latest.event_id, Query(range="all")) if latest else "",
        may_load_demo=not visit.site.store.has_real_sessions(visit.organization_id),
        key=key,
        recent=latest is not None and visit.now - latest.at < timedelta(minutes=10),
    )
    return page(visit, "setup.html", context, place="Admin")


def _since(told: str | None, now: int) -> int:
    """Since when somebody waits, in unix seconds: as the address tells, else from now on."""
    known = told is not None and told.isascii() and told.isdecimal() and len(told) < 12
    return min(int(told), now) if told and known else now


def _tested(visit: Visit, asked: Mapping[str, str]) -> str | None:
    """The page of the test Event that the address names, if there is one."""
    ids = [asked["tested"]] if "tested" in asked else []
    known = visit.site.store.known_events(visit.organization_id, ids)
    return framing.event_href(known[0], Query(range="all")) if known else None
