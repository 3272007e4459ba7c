"""The list of Sessions; `session` has the page of one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.parameters import Asked, parse_gently
from agentaudit_backend.pages.patience import Stopped, within_patience
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.views import TOTAL_CAP, SessionRow

PATH: Final = "/dashboard/sessions"
OPEN_FOR: Final = timedelta(minutes=30)
"""A Session that has not ended and was active so lately goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A Session in the list."""

    session: SessionRow
    href: str
    lasted_ms: int
    risk_words: str
    repository: str | None
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPage:
    """Context of sessions.html."""

    year: int
    """This year, which dates in the list leave out."""
    window: framing.Window
    rows: tuple[ListedSession, ...]
    total: str
    newer: str | None
    older: str | None
    chips: tuple[framing.Chip, ...]
    clear: str
    text: str
    wrong: str | None
    """What the query's text means nothing by; the list is without it then."""
    search_fields: tuple[tuple[str, str], ...]
    state: str
    """What stands for these rows when they are taken away."""
    stopped: Stopped | None = None
    """The time is a shorter one than was asked for."""


def show_list(visit: Visit) -> Response:
    """Sessions with an Event under the filter."""
    asked = parse_gently(visit.request.query_params.multi_items())
    context, stopped = within_patience(visit, asked.query, lambda query: _page(visit, asked, query))
    context = replace(context, stopped=stopped)
    return page(visit, "sessions.html", context, place="Sessions", status=asked.status)


def _page(visit: Visit, asked: Asked, query: Query) -> SessionsPage:
    where = visit.site.store.narrowed(visit.organization_id, query.filter(visit.now))
    found = visit.site.store.sessions(
        visit.organization_id, where, cursor=query.cursor, limit=query.limit
    )
    ids = [session.session_id for session in found.items]
    repositories = visit.site.store.repositories(visit.organization_id, ids)
    going_on = _open(visit, found.items)
    return SessionsPage(
        year=visit.now.year,
        window=framing.window(query, PATH, visit.now, wrong=asked.wrong_time),
        rows=tuple(
            ListedSession(
                session=session,
                href=framing.session_href(session.session_id),
                lasted_ms=framing.ms_of(session.last_at - session.started_at),
                risk_words=framing.risk_words(framing.above_low(session.by_risk)),
                repository=repositories.get(session.session_id),
                is_open=session.session_id in going_on,
            )
            for session in found.items
        ),
        total=framing.total_words(found.total, TOTAL_CAP, "session"),
        newer=query.at(found.newer).url(PATH) if found.newer else None,
        older=query.at(found.older).url(PATH) if found.older else None,
        chips=framing.chips(query, PATH),
        clear=query.cleared().url(PATH),
        text=asked.text,
        wrong=asked.wrong,
        search_fields=tuple(query.fields("q")),
        state=urlencode(query.at(None).pairs()),
    )


def is_lately(last_at: datetime, now: datetime) -> bool:
    """Whether a Session may go on that was last active then."""
    return now - last_at < OPEN_FOR


def _open(visit: Visit, sessions: Sequence[SessionRow]) -> frozenset[str]:
    lately = frozenset(each.session_id for each in sessions if is_lately(each.last_at, visit.now))
    if not lately:
        return lately
    return lately - visit.site.store.ended_sessions(visit.organization_id, sorted(lately))
