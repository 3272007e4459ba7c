"""Figures of a filter, each leading to the Events behind it; and the same on paper."""

import logging
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_export
from agentaudit_backend.pages.query import FACETS, Query, parse
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.reports import charts
from agentaudit_backend.reports.data import by_framework, make_report, new_report_id
from agentaudit_backend.reports.pdf import Busy, Unprintable
from agentaudit_backend.store.views import ControlCount, Counted, Stats
from agentaudit_processor.model import Decision, RiskLevel

PATH = "/dashboard/stats"
TIMELINE = "/dashboard"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, and the Events behind it."""

    name: str
    value: int
    href: str | None
    note: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TopList:
    """A list of the most frequent values."""

    title: str
    name: str
    rows: tuple[CountRow, ...]
    empty: str

    @property
    def peak(self) -> int:
        """The highest count."""
        return max((row.count for row in self.rows), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsPage:
    """Context of stats.html."""

    window: framing.Window
    chart: framing.Chart
    chips: tuple[framing.Chip, ...]
    clear: str
    figures: tuple[Figure, ...]
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
    sort: str = "none"


def show(visit: Visit) -> Response:
    """The figures."""
    query = parse(visit.request.query_params.multi_items()).at(None)
    stats = visit.site.store.stats(visit.organization_id, query.filter(visit.now))
    context = StatsPage(
        window=framing.window(query, PATH, visit.now),
        chart=framing.chart(stats.over_time, query, TIMELINE, visit.now),
        chips=framing.chips(query, PATH),
        clear=query.cleared().url(PATH),
        figures=_figures(stats, query),
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
        lists=_lists(stats, query),
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
    return page(visit, "stats.html", context, place="Stats")


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
        organisation=site.organisation,
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


def _figures(stats: Stats, query: Query) -> tuple[Figure, ...]:
    stopped = (Decision.BLOCK.value, Decision.DENIED.value)
    grave = (RiskLevel.HIGH.label, RiskLevel.CRITICAL.label)
    sessions = Query(
        facets=query.facets,
        text=query.text,
        range=query.range,
        since=query.since,
        until=query.until,
    )
    return (
        Figure(name="Total events", value=stats.total, href=query.url(TIMELINE)),
        Figure(
            name="Tool calls",
            value=stats.tool_calls,
            href=query.only("kind", "tool_call").url(TIMELINE),
        ),
        Figure(
            name="Blocked or denied",
            value=stats.blocked,
            href=query.only("decision", *stopped).url(TIMELINE),
        ),
        Figure(
            name="High and critical",
            value=sum(stats.by_risk.get(RiskLevel.parse(label), 0) for label in grave),
            href=query.only("risk", *grave).url(TIMELINE),
        ),
        Figure(
            name="With personal data",
            value=stats.with_pii,
            href=query.only("pii", "yes").url(TIMELINE),
        ),
        Figure(name="With secrets", value=stats.with_secrets, href=None),
        Figure(name="Users", value=stats.users, href=None),
        Figure(name="Agents", value=stats.agents, href=None),
        Figure(name="Sessions", value=stats.sessions, href=sessions.url("/dashboard/sessions")),
    )


def _lists(stats: Stats, query: Query) -> tuple[TopList, ...]:
    def rows(items: tuple[Counted, ...], facet: str | None) -> tuple[CountRow, ...]:
        return tuple(
            CountRow(
                name=item.value,
                count=item.count,
                href=query.only(facet, item.value).url(TIMELINE) if facet in FACETS else None,
            )
            for item in items[:10]
        )

    return (
        TopList(
            title="By action", name="Action", rows=rows(stats.by_action, "action"), empty="No event"
        ),
        TopList(
            title="By decision",
            name="Decision",
            rows=rows(stats.by_decision, "decision"),
            empty="No event",
        ),
        TopList(title="Top users", name="User", rows=rows(stats.top_users, "user"), empty="Nobody"),
        TopList(
            title="Top rules",
            name="Rule",
            rows=rows(stats.top_rules, None),
            empty="No rule matched",
        ),
        TopList(
            title="Personal data types",
            name="Type",
            rows=rows(stats.by_pii_type, None),
            empty="None was found",
        ),
    )
