"""The timeline: which Events, what else one could choose, how many there are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages import framing, views
from agentaudit_backend.pages.columns import COLUMNS, USUAL, moved, read_columns
from agentaudit_backend.pages.facets import PATH, Group, groups_of, session_ids
from agentaudit_backend.pages.parameters import Asked, parse, parse_gently, read_time, read_zone
from agentaudit_backend.pages.patience import Stopped, within_patience
from agentaudit_backend.pages.preferences import kept_columns, remember
from agentaudit_backend.pages.query import DEFAULT_SORT, SORTS, BadQuery, Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.suggestions import terms_of
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.own_facts import OWN_SESSIONS
from agentaudit_backend.store.views import TOTAL_CAP, EventRow

_SORT_WORDS: Final = {"-time": "newest first", "-risk": "the riskiest first"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A column in the form that chooses them."""

    name: str
    title: str
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """Context of timeline.html."""

    window: framing.Window
    chart: framing.Chart
    caption: str
    orders: Mapping[str, framing.Order]
    """By column."""
    sort_words: str
    year: int
    """This year, which dates in the list leave out."""
    rows: tuple[framing.LinkedRow, ...]
    total: str
    newer: str | None
    older: str | None
    text: str
    wrong: str | None
    """What the query's text means nothing by; the list is without it then."""
    search_fields: tuple[tuple[str, str], ...]
    terms: tuple[str, ...]
    """What is suggested to whoever types a query."""
    chips: tuple[framing.Chip, ...]
    clear: str
    groups: tuple[Group, ...]
    columns: Mapping[str, str]
    """Heads of the columns shown, by name and in order."""
    choices: tuple[Choice, ...]
    columns_open: bool
    views: views.Views
    jump: tuple[tuple[str, str], ...]
    """Fields of the form that asks for a moment."""
    here: str
    selectable: bool = True
    reviews: tuple[tuple[str, str], ...] = tuple(
        (state.value, words) for state, words in framing.REVIEW_WORDS.items()
    )
    session_href: str | None
    state: str
    """Filter and period, for the form that asks for an export."""
    last_match: datetime | None
    stopped: Stopped | None = None
    """The time is a shorter one than was asked for."""
    live: str | None
    """Where what comes is told; None for a list that ends before now."""


def show(visit: Visit) -> Response:
    """The list at the address's state; to the set-up while no agent has sent anything."""
    if not visit.request.url.query and (begin := views.beginning(visit)):
        return RedirectResponse(begin, 303)
    told = parse_gently(visit.request.query_params.multi_items())
    if moment := visit.request.query_params.get("at"):
        try:
            zone = read_zone(visit.request.query_params.get("zone"))
            at = read_time("at", moment, zone)
        except BadQuery as slip:
            told = replace(told, wrong_time=f"“{slip.field}” {slip.message}")
        else:
            return RedirectResponse(_jumped(visit, told.query, at), 303)
    context, stopped = within_patience(visit, told.query, lambda query: _page(visit, told, query))
    if context is None:
        return RedirectResponse("/dashboard/setup", 303)
    context = replace(context, stopped=stopped)
    return page(visit, "timeline.html", context, place="Timeline", status=told.status)


def _page(visit: Visit, told: Asked, query: Query) -> TimelinePage | None:
    """The context of the list; None while no agent has sent anything."""
    store, organization = visit.site.store, visit.organization_id
    asked = query.filter(visit.now)
    latest = store.latest_number()  # before the list, so that nothing falls between
    where = store.narrowed(organization, asked)
    found = store.list_events(
        organization, where, cursor=query.cursor, limit=query.limit, sort=query.sort
    )
    last_match = None
    if not found.items:
        last_match = _last_match(visit, asked)
    if not query.pairs() and _is_unused(visit, found.items):
        return None
    counted = store.facets(organization, where)
    shown = query.columns or kept_columns(visit.request) or USUAL
    return TimelinePage(
        window=framing.window(query, PATH, visit.now, wrong=told.wrong_time),
        chart=framing.chart(store.histogram(organization, where), query, PATH, visit.now),
        caption=f"Events, {_SORT_WORDS[query.sort]}",
        orders={
            sort.removeprefix("-"): framing.Order(
                href=query.sorted(sort).url(PATH), active=sort == query.sort
            )
            for sort in SORTS
        },
        sort_words=_SORT_WORDS[query.sort],
        year=visit.now.year,
        rows=rows_of(visit, found.items, query, shown),
        total=framing.total_words(found.total, TOTAL_CAP),
        newer=query.at(found.newer).url(PATH) if found.newer else None,
        older=query.at(found.older).url(PATH) if found.older else None,
        text=told.text,
        wrong=told.wrong,
        search_fields=tuple(query.fields("q")),
        terms=terms_of(counted),
        chips=framing.chips(query, PATH),
        clear=query.cleared().url(PATH),
        groups=groups_of(
            query,
            counted,
            store.sessions_by_id(organization, session_ids(query, found.items)),
        ),
        columns={name: COLUMNS[name] for name in shown},
        choices=tuple(
            Choice(name=name, title=COLUMNS[name], shown=name in shown)
            for name in dict.fromkeys((*shown, *COLUMNS))
        ),
        columns_open="columns" in visit.request.query_params,
        views=views.of(visit, query),
        jump=tuple(query.fields("at")),
        here=query.url(PATH),
        session_href=_session_href(query),
        state=query.at(None).url("").removeprefix("?"),
        last_match=last_match,
        live=_live(query, latest),
    )


def _is_unused(visit: Visit, listed: Sequence[EventRow]) -> bool:
    """Whether nothing came yet but what the server says of itself, its retention of each day."""
    store, organization = visit.site.store, visit.organization_id
    return all(event.session_id in OWN_SESSIONS for event in listed) and not (
        store.has_real_sessions(organization) or store.has_demo(organization)
    )


def _last_match(visit: Visit, where: EventFilter) -> datetime | None:
    """When the latest Event was that the filter holds at any time; of a filter that holds none."""
    if where.since is None and where.until is None:
        return None
    ever = replace(where, since=None, until=None)
    found = visit.site.store.list_events(visit.organization_id, ever, limit=1)
    return found.items[0].at if found.items else None


def rows_of(
    visit: Visit, events: Sequence[EventRow], query: Query, columns: Collection[str]
) -> tuple[framing.LinkedRow, ...]:
    """The rows of a list, with what the columns tell beside the Event."""
    store, organization = visit.site.store, visit.organization_id
    ids = [event.event_id for event in events]
    reviews = store.reviews.latest(organization, ids)
    rules = store.rules_by_event(organization, ids) if "rule" in columns else {}
    return tuple(
        framing.linked_row(
            event,
            query,
            review=reviews.get(event.event_id),
            rules=rules.get(event.event_id, ()),
        )
        for event in events
    )


def choose_columns(visit: Visit, form: FormData) -> Response:
    """Keep the columns that somebody chose, or move one to the left; back to the list.

    Raises:
        BadQuery: the state of the list is wrong.
    """
    query = parse(parse_qsl(str(form.get("state", ""))))
    names = read_columns(",".join(str(name) for name in form.getlist("cols")))
    move = str(form.get("move", ""))
    columns = moved(names, move) if move else names
    usual = columns in ((), USUAL) or "usual" in form
    address = replace(query, columns=() if usual else columns).url(PATH)
    if move:
        address += f"{'&' if '?' in address else '?'}columns=open#columns"
    answer = RedirectResponse(address, 303)
    remember(visit.request, answer, {"columns": "" if usual else ".".join(columns)})
    return answer


def _jumped(visit: Visit, query: Query, at: datetime) -> str:
    """The same list where it comes to this moment; the window grows to hold it."""
    since, until = query.window(visit.now)
    if (since and at < since) or (until and at > until):
        query = query.ranged("all")
    query = query.sorted(DEFAULT_SORT)
    return query.at(visit.site.store.cursor_before(at)).url(PATH)


def _live(query: Query, latest: int) -> str | None:
    if query.until is not None or query.cursor is not None or query.sort != DEFAULT_SORT:
        return None
    address = query.url("/dashboard/stream")
    return f"{address}{'&' if '?' in address else '?'}heard={latest}"


def _session_href(query: Query) -> str | None:
    sessions = query.facets.get("session", ())
    return framing.session_href(sessions[0]) if len(sessions) == 1 else None
