"""All users, agents or hosts of a time: who they are, how much and how risky, last when."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.parameters import parse_gently
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.reading.subjects import SubjectRow

MOST: Final = 500
FIND_LIMIT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One of them, with its page and its Events."""

    subject: SubjectRow
    href: str
    events_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectsPage:
    """Context of subjects.html."""

    kind: str
    kinds: tuple[tuple[str, str, bool], ...]
    """Word, address and whether it is shown, of the lists beside this one."""
    window: framing.Window
    wrong: str | None
    """What the query's text means nothing by; the list is without it then."""
    chips: tuple[framing.Chip, ...]
    clear: str
    rows: tuple[Listed, ...]
    total: int
    find: str
    fields: tuple[tuple[str, str], ...]
    state: str
    """What stands for these rows when they are taken away."""


def show(kind: str) -> Callable[[Visit], Response]:
    """The list of a `kind`: user, agent or host."""

    def answer(visit: Visit) -> Response:
        asked = parse_gently(visit.request.query_params.multi_items())
        query = asked.query.at(None)
        find = visit.request.query_params.get("find", "").strip()[:FIND_LIMIT]
        path = f"/dashboard/{kind}s"
        rows = found(visit, kind, query, find)
        context = SubjectsPage(
            kind=kind,
            kinds=tuple(
                (f"{each}s", query.url(f"/dashboard/{each}s"), each == kind)
                for each in ("user", "agent", "host")
            ),
            window=framing.window(query, path, visit.now, wrong=asked.wrong_time),
            wrong=asked.wrong,
            chips=framing.chips(query, path),
            clear=query.cleared().url(path),
            rows=tuple(_listed(row, kind, query) for row in rows[:MOST]),
            total=len(rows),
            find=find,
            fields=tuple(query.fields("find")),
            state=urlencode([*query.pairs(), *([("find", find)] if find else [])]),
        )
        return page(visit, "subjects.html", context, place="Stats", status=asked.status)

    return answer


def found(visit: Visit, kind: str, query: Query, name: str) -> list[SubjectRow]:
    """Each `kind` under the query with this in its name, the busiest first."""
    store, organization = visit.site.store, visit.organization_id
    where = store.narrowed(organization, query.filter(visit.now))
    rows = store.subjects(organization, where, kind)
    return [row for row in rows if name.casefold() in row.name.casefold()]


def _listed(row: SubjectRow, kind: str, query: Query) -> Listed:
    time = [pair for pair in query.pairs() if pair[0] in ("range", "from", "to")]
    href = framing.subject_href(kind, row.name)
    return Listed(
        subject=row,
        href=f"{href}?{urlencode(time)}" if time else href,
        events_href=query.only(kind, row.name).url("/dashboard"),
    )
