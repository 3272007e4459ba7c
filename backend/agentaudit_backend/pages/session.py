"""One Session: its picture, and tabs of its trail, its replay, its commands and its files."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from agentaudit_backend.pages import framing, replay
from agentaudit_backend.pages.checkout import Checkout, checkout_of
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_look
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.sessions import PATH, is_lately
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.trail import Step, folded, steps_of
from agentaudit_backend.reports.waterfall import Waterfall, waterfall
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.outline import Outlined, TouchedFile
from agentaudit_backend.store.views import TOTAL_CAP, EventRow, Missing, SessionRow
from agentaudit_processor.model import Action, EventKind, RiskLevel

TABS: Final = {"trail": "Trail", "replay": "Replay", "commands": "Commands", "files": "Files"}
TRAIL_PART: Final = 200
MISSING_SHOWN: Final = 10
OUTLINE_LIMIT: Final = 20_000
"""Steps of the picture; of a longer Session it shows the beginning."""
FILES_LIMIT: Final = 500
FIND_LIMIT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of the tabs."""

    name: str
    href: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a reader wants of the trail."""

    find: str = ""
    only_risky: bool = False
    fold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Context of session.html."""

    session: SessionRow
    lasted_ms: int
    risk_words: str
    is_open: bool
    picture: Waterfall
    year: int
    """This year, which the times of the trail leave out."""
    cut: bool
    """The picture shows only the beginning."""
    tabs: tuple[Tab, ...]
    tab: str
    here: str
    wishes: Wishes
    rows: tuple[Step, ...]
    total: str
    timeline: str
    live: str
    """The timeline of this Session alone, which shows what comes."""
    state: str
    """For the forms that ask for an export or the report."""
    stats: str
    user_href: str
    host_href: str | None
    first: str | None
    following: str | None
    replay: replay.Replay | None
    files: tuple[TouchedFile, ...]
    checkout: Checkout
    """As the last call of this part told it."""
    missing: tuple[Missing, ...]
    """Records that the hook has numbered and that are not here; the first of them."""
    late: int
    """Events that arrived late, from a hook's spool."""


def show(visit: Visit) -> Response:
    """Every Event of one Session, first to last; reading it is recorded."""
    session_id = visit.request.path_params["session_id"]
    store, organization = visit.site.store, visit.organization_id
    session = store.session(organization, session_id)
    if session is None:
        raise Problem(
            404,
            "No such session",
            "There is no session with this id here.",
            "It may have been removed by retention, or the link is mistyped.",
            href=PATH,
            link="All sessions",
        )
    asked = visit.request.query_params
    tab = asked.get("tab") if asked.get("tab") in TABS else "trail"
    assert tab is not None  # noqa: S101  it is one of TABS
    cursor = asked.get("cursor") or None
    wishes = _wishes(visit)
    here = framing.session_href(session_id)
    query = Query(facets={"session": (session_id,)}, range="all")
    where = _filter(tab, wishes)
    found = store.session_trail(
        organization, session_id, where=where, cursor=cursor, limit=TRAIL_PART
    )
    steps = store.session_outline(organization, session_id, OUTLINE_LIMIT)
    record_look(visit, f"session {session_id}")
    rows = steps_of(found.items, session.started_at, query)
    context = SessionPage(
        session=session,
        lasted_ms=framing.ms_of(session.last_at - session.started_at),
        risk_words=framing.risk_words(session.by_risk),
        is_open=_is_open(visit, session, steps),
        picture=waterfall(steps, lambda number: f"{here}?tab=replay&step={number + 1}#replay"),
        year=visit.now.year,
        cut=len(steps) == OUTLINE_LIMIT,
        tabs=tuple(
            Tab(name=title, href=_at(here, tab=name), active=name == tab)
            for name, title in TABS.items()
        ),
        tab=tab,
        here=here,
        wishes=wishes,
        rows=folded(rows) if wishes.fold else rows,
        total=framing.total_words(found.total, TOTAL_CAP),
        timeline=query.url("/dashboard"),
        live=f"{query.url('/dashboard')}#live",
        state=query.url("").removeprefix("?"),
        stats=query.url("/dashboard/stats"),
        user_href=framing.subject_href("user", session.user),
        host_href=framing.subject_href("host", session.host) if session.host else None,
        first=_at(here, tab=tab, **_kept(wishes)) if cursor else None,
        following=_at(here, tab=tab, cursor=found.older, **_kept(wishes)) if found.older else None,
        replay=replay.at_step(visit, steps, here, query) if tab == "replay" else None,
        files=store.touched_files(organization, session_id, FILES_LIMIT) if tab == "files" else (),
        checkout=_checkout(visit, found.items),
        missing=store.missing_records(organization, session_id)[:MISSING_SHOWN],
        late=sum(step.replayed for step in steps),
    )
    return page(visit, "session.html", context, place="Sessions")


def _wishes(visit: Visit) -> Wishes:
    asked = visit.request.query_params
    return Wishes(
        find=asked.get("find", "").strip()[:FIND_LIMIT],
        only_risky="risky" in asked,
        fold="fold" in asked,
    )


def _kept(wishes: Wishes) -> dict[str, str]:
    told = {"find": wishes.find, "risky": "1" * wishes.only_risky, "fold": "1" * wishes.fold}
    return {name: value for name, value in told.items() if value}


def _at(here: str, **parameters: str | None) -> str:
    asked = {k: v for k, v in parameters.items() if v and (k, v) != ("tab", "trail")}
    return f"{here}?{urlencode(asked)}" if asked else here


def _filter(tab: str, wishes: Wishes) -> EventFilter:
    return EventFilter(
        actions=(Action.SHELL_COMMAND,) if tab == "commands" else (),
        risks=tuple(level for level in RiskLevel if level >= RiskLevel.MEDIUM)
        if wishes.only_risky
        else (),
        words=(wishes.find,) if wishes.find else (),
    )


def _is_open(visit: Visit, session: SessionRow, steps: tuple[Outlined, ...]) -> bool:
    ended = any(step.action is Action.SESSION_END for step in steps[-5:])
    return not ended and is_lately(session.last_at, visit.now)


def _checkout(visit: Visit, events: tuple[EventRow, ...]) -> Checkout:
    calls = (event for event in reversed(events) if event.kind is EventKind.TOOL_CALL)
    last = next(calls, None)
    detail = visit.site.store.event(visit.organization_id, last.event_id) if last else None
    return checkout_of(detail) if detail else Checkout()
