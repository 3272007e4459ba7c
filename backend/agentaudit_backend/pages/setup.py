"""Set-up: what to type on a developer's machine, and whether the first Event has come."""

from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import EventKind

OF_AGENTS = EventFilter(
    kinds=(EventKind.TOOL_CALL, EventKind.SESSION, EventKind.PROMPT, EventKind.PERMISSION)
)
"""What a hook tells; a changed policy or an export is no sign that an agent is connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage:
    """Context of setup.html."""

    server: str
    """Address under which this page was reached: the hook's AGENTAUDIT_BASE_URL."""
    latest: EventRow | None
    latest_href: str
    recent: bool
    """The latest Event came within the last ten minutes."""


def show(visit: Visit) -> Response:
    """The steps; the last part is fetched again every three seconds while nothing has come."""
    found = visit.site.store.list_events(visit.organization_id, OF_AGENTS, limit=1)
    latest = found.items[0] if found.items else None
    context = SetupPage(
        server=f"{visit.request.url.scheme}://{visit.request.url.netloc}",
        latest=latest,
        latest_href=framing.event_href(latest.event_id, Query(range="all")) if latest else "",
        recent=latest is not None and visit.now - latest.at < timedelta(minutes=10),
    )
    return page(visit, "setup.html", context, place="Set-up")
