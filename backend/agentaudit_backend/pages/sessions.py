"""The list of Sessions; `session` has the page of one."""

from dataclasses import dataclass

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.views import TOTAL_CAP, SessionRow

PATH = "/dashboard/sessions"


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


def show_list(visit: Visit) -> Response:
    """Sessions with an Event under the filter."""
    query = parse(visit.request.query_params.multi_items())
    where = visit.site.store.narrowed(visit.organization_id, query.filter(visit.now))
    found = visit.site.store.sessions(
        visit.organization_id, where, cursor=query.cursor, limit=query.limit
    )
    context = SessionsPage(
        window=framing.window(query, PATH, visit.now),
        rows=tuple(
            ListedSession(
                session=session,
                href=framing.session_href(session.session_id),
                lasted_ms=framing.ms_of(session.last_at - session.started_at),
                risk_words=framing.risk_words(session.by_risk),
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
