"""Figures of a filter, each leading to the Events behind it; and the same on paper."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qsl

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.columns import usual_heads
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_export
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.reports import charts
from agentaudit_backend.reports.data import by_framework, make_report, new_report_id
from agentaudit_backend.reports.pdf import Busy, Unprintable
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.subjects import HookHealth
from agentaudit_backend.store.views import ControlCount, Counted, Stats, Tally
from agentaudit_backend.templates.text import moment
from agentaudit_processor.model import Decision, RiskLevel

PATH = "/dashboard/stats"
TIMELINE = "/dashboard"
SUBJECTS = ("user", "agent", "host")
_TOP = 10
"""Rows of a list; its link leads to all."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, and the Events behind it."""

    name: str
    value: int
    href: str | None
    change: str = ""
    """Beside the period before, in words: `+12 %`, `new`; empty where there is none to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """One level of the breakdown."""

    level: RiskLevel
    count: int
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """One value of a top list. `href` is None where the timeline has no such filter."""

    name: str
    count: int
    href: str | None
    page: str | None = None
    """Its own page, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopList:
    """A list of the most frequent values."""

    title: str
    name: str
    rows: tuple[CountRow, ...]
    empty: str
    all_href: str | None = None
    """All of its values, where there are more."""

    @property
    def peak(self) -> int:
        """The highest count."""
        return max((row.count for row in self.rows), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """How the hook of a host does, beside what the server has now."""

    health: HookHealth
    silent_ms: int | None
    """Since it last said that it was alive; None: it never did."""
    policy_now: str
    packs_now: str
    drift_href: str | None
    gaps_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A user, an agent or a host, with a page of its own."""

    kind: str
    name: str
    last_seen: datetime
    sessions: str
    hook: Hook | None = None
    """Of a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsPage:
    """Context of stats.html."""

    subject: Subject | None
    """Whose page it is; None: the figures of any filter."""
    path: str
    window: framing.Window
    chart: framing.Chart
    chips: tuple[framing.Chip, ...]
    clear: str
    figures: tuple[Figure, ...]
    compared: str
    """The period that changes refer to; empty: none."""
    risks: tuple[RiskRow, ...]
    total: int
    risk_strip: Markup
    lists: tuple[TopList, ...]
    frameworks: tuple[tuple[str, tuple[ControlCount, ...]], ...]
    rows: tuple[framing.LinkedRow, ...]
    replayed: int
    unfinished: int
    state: str
    """Filter and period, for the form that asks for the PDF."""
    timeline: str
    year: int
    caption: str = "The riskiest events, the worst first"
    columns: Mapping[str, str] = field(default_factory=usual_heads)
    selectable: bool = False
    sort: str = "none"


def show(visit: Visit) -> Response:
    """The figures."""
    query = parse(visit.request.query_params.multi_items()).at(None)
    context = figures_of(visit, query, PATH)
    return page(visit, "stats.html", context, place="Stats")


def figures_of(
    visit: Visit, query: Query, path: str, *, subject: Subject | None = None
) -> StatsPage:
    """The context of the figures under `query`, on the page at `path`."""
    where = query.filter(visit.now)
    within = visit.site.store.narrowed(visit.organization_id, where)
    stats = visit.site.store.stats(visit.organization_id, within)
    earlier = before(where, visit.now)
    past = visit.site.store.tally(visit.organization_id, earlier) if earlier else None
    return StatsPage(
        subject=subject,
        path=path,
        window=framing.window(query, path, visit.now),
        chart=framing.chart(stats.over_time, query, TIMELINE, visit.now),
        chips=framing.chips(query, PATH) if subject is None else (),
        clear=query.cleared().url(PATH),
        figures=_figures(stats, query, past),
        compared=_period(earlier),
        risks=tuple(
            RiskRow(
                level=level,
                count=stats.by_risk.get(level, 0),
                href=query.only("risk", level.label).url(TIMELINE),
            )
            for level in framing.WORST_FIRST
        ),
        total=stats.total,
        risk_strip=charts.risk_strip(stats.by_risk),
        lists=tuple(
            each
            for each in _lists(stats, query)
            if subject is None or each.name.lower() != subject.kind
        ),
        frameworks=by_framework(stats.controls),
        rows=tuple(
            framing.linked_row(event, query)
            for event in stats.top_events
            if event.risk >= RiskLevel.MEDIUM
        ),
        replayed=stats.replayed,
        unfinished=stats.unfinished,
        state=query.url("").removeprefix("?"),
        timeline=query.url(TIMELINE),
        year=visit.now.year,
    )


def report(visit: Visit, form: FormData) -> Response:
    """The same filter as a PDF to download; that it was taken is recorded.

    Raises:
        Problem: 503, another report is being made, or this one could not be.
    """
    query = parse(parse_qsl(str(form.get("state", "")))).at(None)
    site = visit.site
    report_id = new_report_id(visit.now)
    made = make_report(
        site.store,
        visit.organization_id,
        query.filter(visit.now),
        report_id=report_id,
        organisation=site.organisation or site.store.organization_name(visit.organization_id),
        scope=query.told(),
        made_at=visit.now,
        made_by=f"the holder of key {visit.session.key_prefix}…",
        policy=site.store.policy(visit.organization_id),
        packs=site.judge.packs.version,
    )
    try:
        pdf = site.printer.pdf(made)
    except Busy:
        raise _not_now("Another report is being made.", query) from None
    except Unprintable as failure:
        log.error("report %s: %s", report_id, failure)
        raise _not_now("Laying out the pages failed or took too long.", query) from None
    record_export(
        visit,
        "pdf report",
        report_id=report_id,
        sha256_hex=sha256(pdf).hexdigest(),
        scope=query.told(),
    )
    headers = {"content-disposition": f'attachment; filename="agentaudit-report-{report_id}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _not_now(why: str, query: Query) -> Problem:
    return Problem(
        503,
        "The report is not ready",
        why,
        "Try again in a moment, or choose a shorter time.",
        href=query.url(PATH),
        link="Back to the statistics",
    )


def before(where: EventFilter, now: datetime) -> EventFilter | None:
    """The same filter over the period of the same length before; None where there is no such."""
    if where.since is None:
        return None
    width = (where.until or now) - where.since
    try:
        return replace(where, since=where.since - width, until=where.since)
    except OverflowError:
        return None


def change(value: int, past: int) -> str:
    """How a number grew or shrank, in words."""
    if value == past:
        return "as before" if value else ""
    if past == 0:
        return "new"
    share = round(100 * (value - past) / past)
    return f"{'+' if share >= 0 else '−'}{abs(share):,} %"  # noqa: RUF001  a minus sign


def _period(where: EventFilter | None) -> str:
    if where is None or where.since is None or where.until is None:
        return ""
    return f"{moment(where.since)[:16]} to {moment(where.until)[:16]}"


def _figures(stats: Stats, query: Query, past: Tally | None) -> tuple[Figure, ...]:
    def changed(value: int, name: str) -> str:
        return "" if past is None else change(value, getattr(past, name))

    stopped = (Decision.BLOCK.value, Decision.DENIED.value)
    grave = (RiskLevel.HIGH.label, RiskLevel.CRITICAL.label)
    sessions = Query(
        facets=query.facets,
        text=query.text,
        range=query.range,
        since=query.since,
        until=query.until,
    )
    high = sum(stats.by_risk.get(RiskLevel.parse(label), 0) for label in grave)
    counts = (
        ("Total events", stats.total, "total", query),
        ("Tool calls", stats.tool_calls, "tool_calls", query.only("kind", "tool_call")),
        ("Blocked or denied", stats.blocked, "blocked", query.only("decision", *stopped)),
        ("High and critical", high, "grave", query.only("risk", *grave)),
        ("With personal data", stats.with_pii, "with_pii", query.only("pii", "yes")),
        ("With secrets", stats.with_secrets, "with_secrets", query.typing("secret:*")),
        ("Users", stats.users, "users", None),
        ("Agents", stats.agents, "agents", None),
    )
    return (
        *(
            Figure(
                name=name,
                value=value,
                href=leads.url(TIMELINE) if leads else None,
                change=changed(value, of),
            )
            for name, value, of, leads in counts
        ),
        Figure(name="Sessions", value=stats.sessions, href=sessions.url("/dashboard/sessions")),
    )


def _lists(stats: Stats, query: Query) -> tuple[TopList, ...]:
    def top(
        title: str, name: str, items: tuple[Counted, ...], facet: str, empty: str = "No event"
    ) -> TopList:
        rows = tuple(
            CountRow(
                name=item.value,
                count=item.count,
                href=_leads(query, facet, item.value),
                page=framing.subject_href(facet, item.value) if facet in SUBJECTS else None,
            )
            for item in items[:_TOP]
        )
        path = f"/dashboard/{facet}s" if facet in SUBJECTS else f"/dashboard/facets/{facet}"
        more = len(items) >= _TOP and facet != "pii"
        return TopList(
            title=title,
            name=name,
            rows=rows,
            empty=empty,
            all_href=query.url(path) if more or facet in SUBJECTS else None,
        )

    return (
        top("By action", "Action", stats.by_action, "action"),
        top("Top tools", "Tool", stats.top_tools, "tool"),
        top("By decision", "Decision", stats.by_decision, "decision"),
        top("Top users", "User", stats.top_users, "user", "Nobody"),
        top("Top agents", "Agent", stats.top_agents, "agent"),
        top("Top hosts", "Host", stats.top_hosts, "host", "No host was told"),
        top("Top rules", "Rule", stats.top_rules, "rule", "No rule matched"),
        top("Personal data types", "Type", stats.by_pii_type, "pii", "None was found"),
    )


def _leads(query: Query, facet: str, value: str) -> str:
    """The timeline with this value; the facet of PII knows only whether there is any."""
    chosen = query.typing(f"pii:{value}") if facet == "pii" else query.only(facet, value)
    return chosen.url(TIMELINE)
