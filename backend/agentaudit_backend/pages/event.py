"""One Event: who, why this risk, what ran, personal data, frameworks, proof, what stands around."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import Response

from agentaudit_backend.exports.record import record_of
from agentaudit_backend.impact.today import Today, is_older, today
from agentaudit_backend.pages import framing
from agentaudit_backend.pages.checkout import Checkout, checkout_of
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.evidence import Evidence, Side, evidence_of, side_by_side
from agentaudit_backend.pages.looking import record_export
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.reports.framework_names import framework_name
from agentaudit_backend.store.approval_views import Approval
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.surroundings import Surroundings
from agentaudit_backend.store.reviews import Review
from agentaudit_backend.store.views import TOTAL_CAP, EventDetail, EventRow
from agentaudit_backend.templates.text import moment
from agentaudit_processor.model import (
    ControlHit,
    Decision,
    EventKind,
    Finding,
    ReviewState,
    RiskLevel,
)


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
class Asked:
    """The question whether the call may run, and the other call of it."""

    asked: Approval
    href: str
    stopped: bool
    """This Event is the call that was stopped; else the one that ran."""
    partner: str | None


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
    results: str
    """How many Events are in the list one came from, in words."""
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
    approval: Asked | None
    record: str
    """Where the whole record is to be had."""
    curl: str
    """The command that asks the API for it."""
    new_rule: str
    bench: str
    """The test bench with this call."""
    """Where a rule can be made of it."""


def show(visit: Visit) -> Response:
    """The page, or 404."""
    event_id = visit.request.path_params["event_id"]
    store = visit.site.store
    query = parse(parse_qsl(visit.request.query_params.get("ctx", "")))
    event = store.event(visit.organization_id, event_id)
    if event is None:
        raise _gone(visit, query)
    around = store.surroundings(visit.organization_id, event.row, query.filter(visit.now))
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
        neighbours=_neighbours(around, event.row, query),
        back=query.url("/dashboard"),
        results="the results"
        if around.total is None
        else framing.total_words(around.total, TOTAL_CAP, "result"),
        previous=_link(around.newer, query),
        following=_link(around.older, query),
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
        approval=_approval(visit, event, query),
        record=f"/dashboard/events/{quote(event_id, safe='')}/record",
        curl=_curl(visit, event_id),
        new_rule=f"/dashboard/policy/rules/new?{urlencode({'event': event_id})}",
        bench=f"/dashboard/policy/test?{urlencode({'event': event_id})}",
    )
    return page(visit, "event.html", context, place="Timeline")


def download(visit: Visit) -> Response:
    """The whole record as JSON, masked as it is stored; that it was taken is recorded."""
    event_id = visit.request.path_params["event_id"]
    event = visit.site.store.event(visit.organization_id, event_id)
    if event is None:
        raise _gone(visit, Query())
    text = json.dumps(record_of(event), ensure_ascii=False, indent=2)
    body = text.encode("utf-8", "replace")
    record_export(
        visit,
        "record of an event",
        report_id=f"{event_id}|{visit.now.isoformat()}",
        sha256_hex=sha256(body).hexdigest(),
        scope=f"event {event_id}",
    )
    headers = {"content-disposition": f'attachment; filename="event-{event.row.event_id}.json"'}
    return Response(body, media_type="application/json", headers=headers)


def _gone(visit: Visit, query: Query) -> Problem:
    """404, with the day of the last removal, which may be why."""
    purges = EventFilter(kinds=(EventKind.RETENTION_PURGE,))
    last = visit.site.store.list_events(visit.organization_id, purges, limit=1).items
    when = f", which last ran on {moment(last[0].at)[:10]}" if last else ""
    return Problem(
        404,
        "No such event",
        "There is no event with this id here.",
        f"It may have been removed by retention{when}, or the link is mistyped.",
        href=query.url("/dashboard"),
    )


def _approval(visit: Visit, event: EventDetail, query: Query) -> Asked | None:
    store, event_id = visit.site.store, event.row.event_id
    asked = store.approvals.about(visit.organization_id, event_id, visit.now)
    if asked is None:
        return None
    stopped = asked.event_id == event_id
    other = asked.used_event_id if stopped else asked.event_id
    is_there = other not in (None, event_id) and bool(
        store.known_events(visit.organization_id, [str(other)])
    )
    return Asked(
        asked=asked,
        href=f"/dashboard/approvals/{asked.approval_id}",
        stopped=stopped,
        partner=framing.event_href(str(other), query) if is_there else None,
    )


def _curl(visit: Visit, event_id: str) -> str:
    """For a POSIX shell; the key is left to whoever pastes it."""
    address = f"{visit.address}/v1/events/{quote(event_id, safe='')}"
    return f'curl -H "Authorization: Bearer $AGENTAUDIT_API_KEY" {shlex.quote(address)}'


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


def _neighbours(around: Surroundings, row: EventRow, query: Query) -> tuple[Neighbour, ...]:
    """Those before and after in the Session, oldest first."""
    return tuple(
        Neighbour(
            event=each,
            href=framing.event_href(each.event_id, query),
            here=each.event_id == row.event_id,
        )
        for each in (*reversed(around.before), row, *around.after)
    )


def _link(event: EventRow | None, query: Query) -> str | None:
    return framing.event_href(event.event_id, query) if event else None
