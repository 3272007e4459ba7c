"""The page of one user, agent or host: the figures of all that is theirs, and when last seen."""

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.parameters import parse_gently
from agentaudit_backend.pages.patience import within_patience
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.stats import StatsPage, figures_of
from agentaudit_backend.pages.subject_head import Subject, hook_of
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.policy import Naming


def show(kind: str) -> Callable[[Visit], Response]:
    """The page of a `kind`: user, agent or host. It takes a time, and no other condition."""

    def answer(visit: Visit) -> Response:
        name = visit.request.path_params["name"]
        asked = parse_gently(visit.request.query_params.multi_items())
        time = asked.query
        query = Query(facets={kind: (name,)}, range=time.range, since=time.since, until=time.until)
        ever = query.ranged("all").filter(visit.now)
        seen = visit.site.store.list_events(visit.organization_id, ever, limit=1).items
        if not seen:
            raise Problem(
                404,
                f"No such {kind}",
                f"No event here is of this {kind}.",
                "What there was may have been removed by retention, or the link is mistyped.",
            )
        subject = Subject(
            kind=kind,
            name=name,
            last_seen=seen[0].at,
            agent=_agent(visit, seen[0]),
            host=seen[0].host,
            host_href=framing.subject_href("host", seen[0].host) if seen[0].host else None,
            sessions=query.url("/dashboard/sessions"),
            is_pseudonym=kind == "user" and _are_digests(visit),
            hook=hook_of(visit, name) if kind == "host" else None,
        )
        path = framing.subject_href(kind, name)

        def figures(query: Query) -> StatsPage:
            told = replace(asked, query=query, wrong=None)
            return figures_of(visit, told, path, subject=subject)

        context, stopped = within_patience(visit, query, figures)
        context = replace(context, stopped=stopped)
        return page(visit, "stats.html", context, place="Stats", status=asked.status)

    return answer


def _agent(visit: Visit, last: EventRow) -> str:
    detail = visit.site.store.event(visit.organization_id, last.event_id)
    version = detail.agent_version if detail else None
    return f"{last.agent} {version}" if version else last.agent


def _are_digests(visit: Visit) -> bool:
    return visit.site.store.policy(visit.organization_id).capture.user is Naming.HASH
