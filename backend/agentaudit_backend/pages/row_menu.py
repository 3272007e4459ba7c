"""The menu of one row: filter for what it says or rule it out, open what it names, copy its id.

A page of its own, so that it works without JavaScript; with it, a panel beside the row.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.figures import SUBJECTS
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.views import EventDetail

PATH = "/dashboard"
_MOST_RULES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One value of the row."""

    name: str
    value: str
    only: str
    exclude: str | None
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuPage:
    """Context of row_menu.html."""

    event_id: str
    title: str
    href: str
    items: tuple[Item, ...]
    back: str


def show(visit: Visit) -> Response:
    """The menu of the Event in the list that `ctx` tells of."""
    event_id = visit.request.path_params["event_id"]
    query = parse(parse_qsl(visit.request.query_params.get("ctx", ""))).at(None)
    event = visit.site.store.event(visit.organization_id, event_id)
    if event is None:
        raise Problem(404, "No such event", "There is no event with this id here.", "Go back.")
    context = MenuPage(
        event_id=event.row.event_id,
        title=event.row.summary or event.row.tool,
        href=framing.event_href(event.row.event_id, query),
        items=tuple(_item(query, name, value) for name, value in _values(event)),
        back=query.url(PATH),
    )
    return page(visit, "row_menu.html", context, place="Timeline")


def _values(event: EventDetail) -> list[tuple[str, str]]:
    row = event.row
    found = [
        ("user", row.user),
        ("host", row.host or ""),
        ("agent", row.agent),
        ("session", row.session_id),
        ("action", row.action.value),
        ("tool", row.tool),
        ("risk", row.risk.label),
        ("decision", row.decision.value),
    ]
    rules = dict.fromkeys(finding.rule_id for finding in event.findings)
    found += [("rule", rule) for rule in list(rules)[:_MOST_RULES]]
    return [(name, value) for name, value in found if value]


def _item(query: Query, name: str, value: str) -> Item:
    without = query.excluding(name, value)
    leads = None
    if name in SUBJECTS:
        leads = framing.subject_href(name, value)
    elif name == "session":
        leads = framing.session_href(value)
    return Item(
        name=name,
        value=value,
        only=query.only(name, value).url(PATH),
        exclude=without.url(PATH) if without else None,
        page=leads,
    )
