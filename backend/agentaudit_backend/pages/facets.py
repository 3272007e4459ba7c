"""What one could filter by, beside the list: values with counts, each only, too, or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import FACETS, Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.filters import LOOKING
from agentaudit_backend.store.views import Counted, EventRow, SessionRow
from agentaudit_processor.model import EventKind, ReviewState, RiskLevel

PATH: Final = "/dashboard"
TITLES: Final = {
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
    "review": "Review",
    "kind": "Kind",
}
_FOLDED = frozenset(TITLES[name] for name in ("tool", "host", "rule", "framework", "session"))
_SHOWN = 8
"""Values of one facet; an active one is always among them."""
_LISTED = 200
"""The same on a page of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One value of a facet. `count` is what choosing it would give, as text."""

    name: str
    count: str
    active: bool
    toggle: str
    only: str | None = None
    exclude: str | None = None
    level: RiskLevel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One facet."""

    title: str
    options: tuple[Option, ...]
    folded: bool = False
    """Less used, and nothing is chosen in it."""
    more: str | None = None
    """The page of all its values, where there are more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetPage:
    """Context of facet.html."""

    group: Group
    name: str
    find: str
    total: int
    back: str
    fields: tuple[tuple[str, str], ...]
    chips: tuple[framing.Chip, ...]
    clear: str


def groups_of(
    query: Query, counted: Mapping[str, tuple[Counted, ...]], sessions: Sequence[SessionRow]
) -> tuple[Group, ...]:
    """All facets beside a list, empty ones left out."""
    groups = []
    for facet in FACETS:
        if facet == "kind":
            groups.append(_kinds(query))
        elif facet == "review":
            groups.append(_reviews(query))
        elif facet == "session":
            groups.append(_sessions(query, sessions))
        elif facet in counted:
            groups.append(_counted(query, facet, counted[facet]))
    return tuple(
        replace(group, folded=group.title in _FOLDED and not any(o.active for o in group.options))
        for group in groups
        if group.options
    )


def session_ids(query: Query, events: Sequence[EventRow]) -> tuple[str, ...]:
    """The chosen Sessions and the first that the list shows: all under the filter are many."""
    seen = dict.fromkeys((*query.facets.get("session", ()), *(e.session_id for e in events)))
    return tuple(seen)[:_SHOWN]


def show(visit: Visit) -> Response:
    """Every value of one facet under the filter, with those sought first."""
    name = visit.request.path_params["name"]
    query = parse(visit.request.query_params.multi_items()).at(None)
    find = visit.request.query_params.get("find", "").strip()[:100]
    store = visit.site.store
    where = store.narrowed(visit.organization_id, query.filter(visit.now))
    counted = store.facets(visit.organization_id, where, most=None).get(name)
    if counted is None:
        raise Problem(404, "No such list", "There is no list of these values.", "Go back.")
    found = [each for each in counted if find.casefold() in each.value.casefold()]
    context = FacetPage(
        group=Group(title=TITLES[name], options=tuple(_options(query, name, found[:_LISTED]))),
        name=name,
        find=find,
        total=len(found),
        back=query.url(PATH),
        fields=tuple(query.fields("find")),
        chips=framing.chips(query, PATH),
        clear=query.cleared().url(PATH),
    )
    return page(visit, "facet.html", context, place="Timeline")


def _counted(query: Query, facet: str, counted: Sequence[Counted]) -> Group:
    by_value = {_value(facet, each.value): each.count for each in counted}
    chosen = [value for value in query.facets.get(facet, ()) if value not in by_value]
    if facet == "risk":
        shown = [level.label for level in framing.WORST_FIRST if by_value.get(level.label)]
    else:
        active = [value for value in by_value if query.has(facet, value)]
        shown = list(dict.fromkeys([*active, *list(by_value)[:_SHOWN]]))
    rows = [Counted(value=value, count=by_value.get(value, 0)) for value in (*chosen, *shown)]
    more = None
    if len(by_value) > len(shown):
        pairs = query.at(None).pairs()
        more = f"{PATH}/facets/{quote(facet)}" + (f"?{urlencode(pairs)}" if pairs else "")
    return Group(title=TITLES[facet], options=tuple(_options(query, facet, rows)), more=more)


def _options(query: Query, facet: str, counted: Sequence[Counted]) -> list[Option]:
    made = []
    for each in counted:
        value = _value(facet, each.value)
        without = None if facet == "pii" else query.excluding(facet, value)
        made.append(
            Option(
                name=_name(facet, value),
                count=f"{each.count:,}",
                active=query.has(facet, value),
                toggle=query.toggled(facet, value).url(PATH),
                only=None if facet == "pii" else query.only(facet, value).url(PATH),
                exclude=without.url(PATH) if without else None,
                level=RiskLevel.parse(value) if facet == "risk" else None,
            )
        )
    return made


def _value(facet: str, value: str) -> str:
    """The store counts PII as true and false; the address says yes and none."""
    return {"true": "yes", "false": "none"}.get(value, value) if facet == "pii" else value


def _name(facet: str, value: str) -> str:
    return {"yes": "found", "none": "none found"}.get(value, value) if facet == "pii" else value


def _sessions(query: Query, rows: Sequence[SessionRow]) -> Group:
    """A Session is no value to count, its start tells it apart."""
    starts = {row.session_id: f"{row.started_at:%d %b %H:%M}" for row in rows}
    for chosen in query.facets.get("session", ()):
        starts.setdefault(chosen, "")
    return Group(
        title=TITLES["session"],
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


def _reviews(query: Query) -> Group:
    """Not counted: what people said changes after an Event was stored."""
    return Group(
        title=TITLES["review"],
        options=tuple(
            Option(
                name=framing.REVIEW_WORDS[state],
                count="",
                active=query.has("review", state.value),
                toggle=query.toggled("review", state.value).url(PATH),
            )
            for state in ReviewState
        ),
    )


def _kinds(query: Query) -> Group:
    """Not counted by the store; two choices that people ask for."""
    calls = (EventKind.TOOL_CALL.value,)
    looks = tuple(kind.value for kind in LOOKING)
    chosen = query.facets.get("kind", ())
    return Group(
        title=TITLES["kind"],
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
