"""The page of one user, agent or host: the figures of all that is theirs, and when last seen."""

from collections.abc import Callable

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.stats import figures_of
from agentaudit_backend.pages.subject_head import Hook, Subject
from agentaudit_processor.own_judge import judge_under


def show(kind: str) -> Callable[[Visit], Response]:
    """The page of a `kind`: user, agent or host. It takes a time, and no other condition."""

    def answer(visit: Visit) -> Response:
        name = visit.request.path_params["name"]
        asked = parse(visit.request.query_params.multi_items())
        query = Query(
            facets={kind: (name,)}, range=asked.range, since=asked.since, until=asked.until
        )
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
            sessions=query.url("/dashboard/sessions"),
            hook=_hook(visit, name) if kind == "host" else None,
        )
        context = figures_of(visit, query, framing.subject_href(kind, name), subject=subject)
        return page(visit, "stats.html", context, place="Stats")

    return answer


def _hook(visit: Visit, host: str) -> Hook:
    store = visit.site.store
    policy = store.policy(visit.organization_id)
    health = store.hook_health(visit.organization_id, host)
    told = Query(facets={"host": (host,), "kind": ("gap",)}, range="all")
    return Hook(
        health=health,
        silent_ms=framing.ms_of(visit.now - health.last_beat) if health.last_beat else None,
        policy_now=str(policy.version),
        packs_now=judge_under(visit.site.judge, policy).packs.version,
        drift_href=framing.event_href(health.drift.event_id, Query(range="all"))
        if health.drift
        else None,
        gaps_href=told.url("/dashboard"),
    )
