"""The timeline: which Events, what else one could choose, how many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.query import FACETS, BadQuery, Query, parse
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.filters import LOOKING, EventFilter
from agentaudit_backend.store.views import TOTAL_CAP, Counted, EventRow, SessionRow
from agentaudit_processor.model import EventKind, RiskLevel

PATH = "/dashboard"
_TITLES = {
    "risk": "Risk",
    "decision": "Decision",
    "action": "Action",
    "tool": "Tool",
    "pii": "Personal data",
    "user": "User",
    "agent": "Agent",
    "host": "Host",
    "rule": "Rule",
    "framework": "Framework",
    "session": "Session",
    "kind": "Kind",
}
_FOLDED = frozenset(_TITLES[name] for name in ("tool", "host", "rule", "framework", "session"))
_SHOWN = 8
"""Values of one facet; an active one is always among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One value of a facet. `count` is what choosing it would give, as text."""

    name: str
    count: str
    active: bool
    toggle: str
    only: str | None = None
    level: RiskLevel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One facet."""

    title: str
    options: tuple[Option, ...]
    folded: bool = False
    """Less used, and nothing is chosen in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """Context of timeline.html."""

    window: framing.Window
    chart: framing.Chart
    caption: str
    sort: str = "descending"
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
    chips: tuple[framing.Chip, ...]
    clear: str
    groups: tuple[Group, ...]
    session_href: str | None
    state: str
    """Filter and period, for the form that asks for an export."""
    last_match: datetime | None
    live: str | None
    """Where what comes is told; None for a list that ends before now."""


def show(visit: Visit) -> Response:
    """The list at the address's state; to the set-up while there is no Event at all."""
    query, text, wrong = _asked(visit.request.query_params.multi_items())
    store, organization = visit.site.store, visit.organization_id
    where = query.filter(visit.now)
    latest = store.latest_number()  # before the list, so that nothing falls between
    found = store.list_events(organization, where, cursor=query.cursor, limit=query.limit)
    last_match = None
    if not found.items:
        anywhere = store.list_events(organization, replace(where, since=None, until=None), limit=1)
        last_match = anywhere.items[0].at if anywhere.items else None
        if not query.pairs() and not store.list_events(organization, EventFilter(), limit=1).items:
            return RedirectResponse("/dashboard/setup", 303)
    context = TimelinePage(
        window=framing.window(query, PATH, visit.now),
        chart=framing.chart(store.histogram(organization, where), query, PATH, visit.now),
        caption="Events, newest first",
        year=visit.now.year,
        rows=tuple(framing.linked_row(event, query) for event in found.items),
        total=framing.total_words(found.total, TOTAL_CAP),
        newer=query.at(found.newer).url(PATH) if found.newer else None,
        older=query.at(found.older).url(PATH) if found.older else None,
        text=text,
        wrong=wrong,
        search_fields=tuple(query.fields("q")),
        chips=framing.chips(query, PATH),
        clear=query.cleared().url(PATH),
        groups=_groups(
            query,
            store.facets(organization, where),
            store.sessions_by_id(organization, _session_ids(query, found.items)),
        ),
        session_href=_session_href(query),
        state=query.at(None).url("").removeprefix("?"),
        last_match=last_match,
        live=_live(query, latest),
    )
    status = 422 if wrong else 200
    return page(visit, "timeline.html", context, place="Timeline", status=status)


def _asked(pairs: list[tuple[str, str]]) -> tuple[Query, str, str | None]:
    """The state, the text of the query, and what is wrong with that text.

    Raises:
        BadQuery: another parameter is wrong.
    """
    try:
        query = parse(pairs)
    except BadQuery as problem:
        if problem.field != "q":
            raise
        text = [value for name, value in pairs if name == "q"][-1]
        return parse([pair for pair in pairs if pair[0] != "q"]), text, problem.message
    return query, query.text or "", None


def _live(query: Query, latest: int) -> str | None:
    if query.until is not None or query.cursor is not None:
        return None
    address = query.url("/dashboard/stream")
    return f"{address}{'&' if '?' in address else '?'}heard={latest}"


def _session_href(query: Query) -> str | None:
    sessions = query.facets.get("session", ())
    return framing.session_href(sessions[0]) if len(sessions) == 1 else None


def _groups(
    query: Query, counted: Mapping[str, tuple[Counted, ...]], sessions: Sequence[SessionRow]
) -> tuple[Group, ...]:
    groups = []
    for facet in FACETS:
        if facet == "kind":
            groups.append(_kinds(query))
        elif facet == "session":
            groups.append(_sessions(query, sessions))
        elif facet in counted and facet in _TITLES:
            options = tuple(_options(query, facet, counted[facet]))
            groups.append(Group(title=_TITLES[facet], options=options))
    return tuple(
        replace(group, folded=group.title in _FOLDED and not any(o.active for o in group.options))
        for group in groups
        if group.options
    )


def _session_ids(query: Query, events: Sequence[EventRow]) -> tuple[str, ...]:
    """The chosen Sessions and the first that the list shows: all under the filter are many."""
    seen = dict.fromkeys((*query.facets.get("session", ()), *(e.session_id for e in events)))
    return tuple(seen)[:_SHOWN]


def _sessions(query: Query, rows: Sequence[SessionRow]) -> Group:
    """A Session is no value to count, its start tells it apart."""
    starts = {row.session_id: f"{row.started_at:%d %b %H:%M}" for row in rows}
    for chosen in query.facets.get("session", ()):
        starts.setdefault(chosen, "")
    return Group(
        title=_TITLES["session"],
        options=tuple(
            Option(
                name=session_id,
                count=start,
                active=query.has("session", session_id),
                toggle=query.toggled("session", session_id).url(PATH),
                only=query.only("session", session_id).url(PATH),
            )
            for session_id, start in starts.items()
        ),
    )


def _options(query: Query, facet: str, counted: tuple[Counted, ...]) -> list[Option]:
    counts = {_value(facet, each.value): each.count for each in counted}
    for value in query.facets.get(facet, ()):
        counts.setdefault(value, 0)
    if facet == "risk":
        values = [level.label for level in framing.WORST_FIRST if counts.get(level.label)]
        values += [v for v in query.facets.get("risk", ()) if v not in values]
    else:
        active = [v for v in counts if query.has(facet, v)]
        values = list(dict.fromkeys([*active, *list(counts)[:_SHOWN]]))
    return [
        Option(
            name=_name(facet, value),
            count=f"{counts[value]:,}",
            active=query.has(facet, value),
            toggle=query.toggled(facet, value).url(PATH),
            only=None if facet == "pii" else query.only(facet, value).url(PATH),
            level=RiskLevel.parse(value) if facet == "risk" else None,
        )
        for value in values
    ]


def _value(facet: str, value: str) -> str:
    """The store counts PII as true and false; the address says yes and none."""
    return {"true": "yes", "false": "none"}.get(value, value) if facet == "pii" else value


def _name(facet: str, value: str) -> str:
    return {"yes": "found", "none": "none found"}.get(value, value) if facet == "pii" else value


def _kinds(query: Query) -> Group:
    """Not counted by the store; two choices that people ask for."""
    calls = (EventKind.TOOL_CALL.value,)
    looks = tuple(kind.value for kind in LOOKING)
    chosen = query.facets.get("kind", ())
    return Group(
        title=_TITLES["kind"],
        options=tuple(
            Option(
                name=name,
                count="",
                active=bool(chosen) and set(chosen) == set(values),
                toggle=(
                    query.only("kind")
                    if set(chosen) == set(values)
                    else query.only("kind", *values)
                ).url(PATH),
            )
            for name, values in (("tool calls only", calls), ("who read this log", looks))
        ),
    )
