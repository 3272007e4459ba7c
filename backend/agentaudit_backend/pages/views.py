"""Views of the timeline under a name: built in, one's own, and those that others share."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import START, BadQuery, Query
from agentaudit_backend.pages.render import own_path
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.saved_views import SavedView, TooMany

NAME_LIMIT: Final = 60
STATE_LIMIT: Final = 4000
BUILT_IN: Final = (
    ("Blocked", "decision=block&range=7d"),
    ("High and critical", "risk=high&risk=critical&range=7d"),
    ("Personal data", "pii=yes&range=7d"),
    ("Secrets", "q=rule:secrets.*,sensitive_paths.*,credential_access.*&range=7d"),
    ("Awaiting review", "risk=high&risk=critical&review=new&range=7d"),
    ("To follow up", "review=follow_up&range=90d"),
    ("Denied by people", "decision=denied&range=30d"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A view in the list of them."""

    name: str
    href: str
    active: bool
    by: str = ""
    """Who shares it, where it is another's."""
    is_default: bool = False
    is_shared: bool = False
    view_id: str | None = None
    """Set for one's own, which one may remove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """All that a reader may choose from, and what the form keeps."""

    built_in: tuple[Listed, ...]
    own: tuple[Listed, ...]
    shared: tuple[Listed, ...]
    state: str
    """The list's own state, for the form that keeps it."""
    title: str
    """Of the view that the list shows; empty where it is none."""


def of(visit: Visit, query: Query) -> Views:
    """The views, for the page at `query`."""
    here = query.at(None)
    owner = _owner(visit)
    kept = visit.site.store.saved_views.list(visit.organization_id, owner)
    built_in = tuple(
        Listed(name=name, href=f"{START}?{state}", active=_same(state, here))
        for name, state in BUILT_IN
    )
    own = tuple(_listed(each, here) for each in kept if each.owner == owner)
    others = [each for each in kept if each.owner != owner]
    names = _names(visit) if others else {}
    shared = tuple(
        replace(
            _listed(each, here),
            by=names.get(each.owner, "somebody"),
            view_id=None,
            is_default=False,
        )
        for each in others
    )
    return Views(
        built_in=built_in,
        own=own,
        shared=shared,
        state=here.url("").removeprefix("?"),
        title=next((each.name for each in (*own, *shared, *built_in) if each.active), ""),
    )


def beginning(visit: Visit) -> str | None:
    """Where this reader's timeline begins, if they chose a view for it."""
    found = visit.site.store.saved_views.default(visit.organization_id, _owner(visit))
    return own_path(f"{START}?{found.query}") if found and found.query else None


def save(visit: Visit, form: FormData) -> Response:
    """Keep the state that the form tells under a name.

    Raises:
        BadQuery: no name, or a state that means nothing.
    """
    name = " ".join(str(form.get("name", "")).split())
    if not 1 <= len(name) <= NAME_LIMIT:
        raise BadQuery("name", f"1 to {NAME_LIMIT} characters, please")
    state = str(form.get("state", ""))
    if len(state) > STATE_LIMIT:
        raise BadQuery("state", "more conditions than a view can keep")
    query = parse(parse_qsl(state)).at(None)
    address = query.url(START)
    try:
        visit.site.store.saved_views.save(
            visit.organization_id,
            _owner(visit),
            name,
            address.partition("?")[2],
            is_shared="shared" in form,
            is_default="default" in form,
            now=visit.now,
        )
    except TooMany as problem:
        raise BadQuery("name", f"{problem}; remove one first") from None
    return RedirectResponse(address, 303)


def remove(visit: Visit, form: FormData) -> Response:
    """Take one of one's own away; what is gone already is no trouble."""
    visit.site.store.saved_views.remove(
        visit.organization_id, _owner(visit), str(form.get("view", ""))
    )
    return RedirectResponse(own_path(str(form.get("next", ""))), 303)


def _owner(visit: Visit) -> str:
    """Whose views they are: the key's number, which no change of a name touches."""
    return str(visit.session.caller.key_id)


def _names(visit: Visit) -> dict[str, str]:
    return {str(key.id): key.name for key in visit.site.store.list_keys(visit.organization_id)}


def _listed(view: SavedView, here: Query) -> Listed:
    return Listed(
        name=view.name,
        href=f"{START}?{view.query}",
        active=_same(view.query, here),
        is_default=view.is_default,
        is_shared=view.is_shared,
        view_id=view.view_id,
    )


def _same(state: str, here: Query) -> bool:
    try:
        return parse(parse_qsl(state)) == here
    except BadQuery:
        return False  # kept by a version that knew other words
