"""Sessions: the list, and the complete trail of one, in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.checkout import Checkout, checkout_of
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_look
from agentaudit_backend.pages.query import Query, parse
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.views import TOTAL_CAP, EventRow, Missing, SessionRow
from agentaudit_processor.model import EventKind, RiskLevel

PATH = "/dashboard/sessions"
TRAIL_PART = 200
GAP = timedelta(minutes=2)
"""A longer silence is named in the trail."""
MISSING_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A Session in the list."""

    session: SessionRow
    href: str
    lasted_ms: int
    risk_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPage:
    """Context of sessions.html."""

    window: framing.Window
    rows: tuple[ListedSession, ...]
    total: str
    newer: str | None
    older: str | None
    chips: tuple[framing.Chip, ...]
    clear: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One Event of a trail. `gap_ms` is the silence before it, 0 when it was short."""

    event: EventRow
    href: str
    since_ms: int
    gap_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Context of session.html."""

    session: SessionRow
    lasted_ms: int
    risk_words: str
    rows: tuple[Step, ...]
    total: str
    timeline: str
    stats: str
    first: str | None
    following: str | None
    checkout: Checkout
    """As the last call of this part told it."""
    missing: tuple[Missing, ...]
    """Records that the hook has numbered and that are not here; the first of them."""


def show_list(visit: Visit) -> Response:
    """Sessions with an Event under the filter."""
    query = parse(visit.request.query_params.multi_items())
    found = visit.site.store.sessions(
        visit.organization_id, query.filter(visit.now), cursor=query.cursor, limit=query.limit
    )
    context = SessionsPage(
        window=framing.window(query, PATH, visit.now),
        rows=tuple(
            ListedSession(
                session=session,
                href=framing.session_href(session.session_id),
                lasted_ms=_ms(session.last_at - session.started_at),
                risk_words=_risk_words(session.by_risk),
            )
            for session in found.items
        ),
        total=framing.total_words(found.total, TOTAL_CAP, "session"),
        newer=query.at(found.newer).url(PATH) if found.newer else None,
        older=query.at(found.older).url(PATH) if found.older else None,
        chips=framing.chips(query, PATH),
        clear=query.cleared().url(PATH),
    )
    return page(visit, "sessions.html", context, place="Sessions")


def show_one(visit: Visit) -> Response:
    """Every Event of one Session, first to last; reading it is recorded."""
    session_id = visit.request.path_params["session_id"]
    store = visit.site.store
    session = store.session(visit.organization_id, session_id)
    if session is None:
        raise Problem(
            404,
            "No such session",
            "There is no session with this id here.",
            "It may have been removed by retention, or the link is mistyped.",
            href=PATH,
            link="All sessions",
        )
    cursor = visit.request.query_params.get("cursor") or None
    found = store.session_trail(visit.organization_id, session_id, cursor=cursor, limit=TRAIL_PART)
    record_look(visit, f"session {session_id}")
    here = framing.session_href(session_id)
    query = Query(facets={"session": (session_id,)}, range="all")
    context = SessionPage(
        session=session,
        lasted_ms=_ms(session.last_at - session.started_at),
        risk_words=_risk_words(session.by_risk),
        rows=_steps(found.items, session.started_at, query),
        total=framing.total_words(found.total, TOTAL_CAP),
        timeline=query.url("/dashboard"),
        stats=query.url("/dashboard/stats"),
        first=here if cursor else None,
        following=f"{here}?{urlencode({'cursor': found.older})}" if found.older else None,
        checkout=_checkout(visit, found.items),
        missing=store.missing_records(visit.organization_id, session_id)[:MISSING_SHOWN],
    )
    return page(visit, "session.html", context, place="Sessions")


def _checkout(visit: Visit, events: tuple[EventRow, ...]) -> Checkout:
    calls = (event for event in reversed(events) if event.kind is EventKind.TOOL_CALL)
    last = next(calls, None)
    detail = visit.site.store.event(visit.organization_id, last.event_id) if last else None
    return checkout_of(detail) if detail else Checkout()


def _steps(events: tuple[EventRow, ...], start: datetime, query: Query) -> tuple[Step, ...]:
    steps = []
    last = events[0].at if events else start
    for event in events:
        silence = event.at - last
        steps.append(
            Step(
                event=event,
                href=framing.event_href(event.event_id, query),
                since_ms=max(0, _ms(event.at - start)),
                gap_ms=_ms(silence) if silence > GAP else 0,
            )
        )
        last = event.at
    return tuple(steps)


def _ms(span: timedelta) -> int:
    return int(span / timedelta(milliseconds=1))


def _risk_words(by_risk: Mapping[RiskLevel, int]) -> str:
    present = [level for level in framing.WORST_FIRST if by_risk.get(level)]
    return ", ".join(f"{by_risk[level]:,} {level.label}" for level in present) or "no calls"
