"""One Event: who, why this risk, what ran, personal data, frameworks, proof, what stands around."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.responses import Response

from agentaudit_backend.impact.today import Today, is_older, today
from agentaudit_backend.pages import framing
from agentaudit_backend.pages.checkout import Checkout, checkout_of
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.evidence import Evidence, Side, evidence_of, side_by_side
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.reports.data import framework_name
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reviews import Review
from agentaudit_backend.store.views import EventDetail, EventRow
from agentaudit_processor.model import (
    ControlHit,
    Decision,
    EventKind,
    Finding,
    ReviewState,
    RiskLevel,
)

_AROUND = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PiiLine:
    """One type of personal data in one field."""

    type: str
    where: str
    count: int
    sample: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An Event before or after in the same Session."""

    event: EventRow
    href: str
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Context of event.html."""

    event: EventDetail
    title: str
    evidence: Evidence
    findings: tuple[Finding, ...]
    """The weightiest first."""
    risky_part: str | None
    """What to mark in the command."""
    pii: tuple[PiiLine, ...]
    controls: tuple[tuple[str, tuple[ControlHit, ...]], ...]
    """By framework."""
    neighbours: tuple[Neighbour, ...]
    back: str
    filtered: bool
    previous: str | None
    following: str | None
    session_href: str
    is_call: bool
    checkout: Checkout
    reviews: tuple[Review, ...]
    """All that people said of it, the latest first."""
    review_words: Mapping[ReviewState, str]
    here: str
    today: Today | None
    """What would be said of it now, where that may differ."""
    differs: bool
    """It does."""
    sides: tuple[Side, ...]
    """The change side by side, if that is wanted."""
    other_diff: str
    """The page with the change shown the other way."""


def show(visit: Visit) -> Response:
    """The page, or 404."""
    event_id = visit.request.path_params["event_id"]
    store = visit.site.store
    query = parse(parse_qsl(visit.request.query_params.get("ctx", "")))
    event = store.event(visit.organization_id, event_id)
    if event is None:
        raise Problem(
            404,
            "No such event",
            "There is no event with this id here.",
            "It may have been removed by retention, or the link is mistyped.",
            href=query.url("/dashboard"),
        )
    previous, following = _beside(visit, event, query)
    evidence = evidence_of(event)
    now = _today(visit, event)
    beside = visit.request.query_params.get("diff") == "side"
    here = framing.event_href(event_id, query)
    findings = tuple(sorted(event.findings, key=lambda f: -f.severity))
    context = EventPage(
        event=event,
        title=f"{event.row.tool}, {event.row.user}",
        evidence=evidence,
        findings=findings,
        risky_part=_risky_part(evidence.command, findings),
        pii=_pii(event),
        controls=_by_framework(event.controls),
        neighbours=_neighbours(visit, event, query),
        back=query.url("/dashboard"),
        filtered=bool(query.pairs()),
        previous=previous,
        following=following,
        session_href=framing.session_href(event.row.session_id),
        is_call=event.row.kind is EventKind.TOOL_CALL,
        checkout=checkout_of(event),
        reviews=store.reviews.history(visit.organization_id, event_id),
        review_words=framing.REVIEW_WORDS,
        here=here,
        today=now,
        differs=now is not None and _differs(event, now),
        sides=side_by_side(evidence.diff) if beside else (),
        other_diff=here if beside else f"{here}{'&' if '?' in here else '?'}diff=side",
    )
    return page(visit, "event.html", context, place="Timeline")


def _today(visit: Visit, event: EventDetail) -> Today | None:
    """Asked only where rules or policy have changed since: else it would be the same."""
    judge, policy = visit.site.judge, visit.site.store.policy(visit.organization_id)
    return today(event, judge, policy) if is_older(event, judge, policy) else None


def _differs(event: EventDetail, now: Today) -> bool:
    if now.appeared or now.gone or now.risk is not event.verdict.risk_level:
        return True
    ours = (Decision.ALLOW, Decision.ASK, Decision.BLOCK)
    return event.row.decision in ours and now.decision is not event.row.decision


def _risky_part(command: str | None, findings: tuple[Finding, ...]) -> str | None:
    """The excerpt of the weightiest Finding that stands in the command as it is."""
    grave = (f.excerpt for f in findings if f.severity > RiskLevel.LOW and f.excerpt)
    return next((part for part in grave if command and part in command), None)


def _pii(event: EventDetail) -> tuple[PiiLine, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    samples: dict[tuple[str, str], str | None] = {}
    for finding in event.findings:
        if finding.personal:
            key = (finding.personal, finding.where)
            counts[key] += finding.count
            samples.setdefault(key, finding.sample)
    return tuple(
        PiiLine(type=kind, where=where, count=counts[kind, where], sample=samples[kind, where])
        for kind, where in sorted(counts)
    )


def _by_framework(
    hits: tuple[ControlHit, ...],
) -> tuple[tuple[str, tuple[ControlHit, ...]], ...]:
    found: dict[str, list[ControlHit]] = {}
    for hit in hits:
        found.setdefault(framework_name(hit.framework), []).append(hit)
    return tuple((name, tuple(each)) for name, each in found.items())


def _neighbours(visit: Visit, event: EventDetail, query: Query) -> tuple[Neighbour, ...]:
    """Up to five before and five after in the Session, oldest first."""
    row = event.row
    within = EventFilter(sessions=(row.session_id,))
    before, after = visit.site.store.beside(
        visit.organization_id, within, row.event_id, count=_AROUND
    )
    return tuple(
        Neighbour(
            event=each,
            href=framing.event_href(each.event_id, query),
            here=each.event_id == row.event_id,
        )
        for each in (*reversed(before), row, *after)
    )


def _beside(visit: Visit, event: EventDetail, query: Query) -> tuple[str | None, str | None]:
    """Links to the newer and the older Event in the list from which one came."""
    older, newer = visit.site.store.beside(
        visit.organization_id, query.filter(visit.now), event.row.event_id, count=1
    )
    return _link(newer, query), _link(older, query)


def _link(events: tuple[EventRow, ...], query: Query) -> str | None:
    return framing.event_href(events[0].event_id, query) if events else None
