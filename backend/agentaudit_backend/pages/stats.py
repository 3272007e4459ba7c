"""Figures of a filter, each leading to the Events behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from markupsafe import Markup
from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.columns import usual_heads
from agentaudit_backend.pages.figures import (
    TIMELINE,
    Figure,
    TopList,
    before,
    key_figures,
    top_lists,
    unseen_figures,
)
from agentaudit_backend.pages.parameters import Asked, parse_gently
from agentaudit_backend.pages.patience import Stopped, within_patience
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.subject_head import Subject
from agentaudit_backend.reports import charts
from agentaudit_backend.reports.framework_names import by_framework
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.views import ControlCount
from agentaudit_backend.templates.zones import local_minute
from agentaudit_processor.model import RiskLevel

PATH = "/dashboard/stats"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """One level of the breakdown."""

    level: RiskLevel
    count: int
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsPage:
    """Context of stats.html."""

    subject: Subject | None
    """Whose page it is; None: the figures of any filter."""
    path: str
    window: framing.Window
    wrong: str | None
    """What the query's text means nothing by; the figures are without it then."""
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
    frameworks: tuple[tuple[str, tuple[tuple[ControlCount, str], ...]], ...]
    """Each control with where its Events are."""
    rows: tuple[framing.LinkedRow, ...]
    unseen: tuple[Figure, ...]
    """What is not here, or was not in time."""
    failed: str
    """Where the calls that failed are."""
    state: str
    """Filter and period, for the form that asks for the PDF."""
    timeline: str
    year: int
    stopped: Stopped | None = None
    """The time is a shorter one than was asked for."""
    caption: str = "The riskiest events, the worst first"
    columns: Mapping[str, str] = field(default_factory=usual_heads)
    selectable: bool = False
    orders: Mapping[str, framing.Order] = field(default_factory=dict)


def show(visit: Visit) -> Response:
    """The figures."""
    asked = parse_gently(visit.request.query_params.multi_items())
    context, stopped = within_patience(
        visit, asked.query, lambda query: figures_of(visit, replace(asked, query=query), PATH)
    )
    context = replace(context, stopped=stopped)
    return page(visit, "stats.html", context, place="Stats", status=asked.status)


def figures_of(
    visit: Visit, asked: Asked, path: str, *, subject: Subject | None = None
) -> StatsPage:
    """The context of the figures that are `asked` for, on the page at `path`."""
    query = asked.query.at(None)
    where = query.filter(visit.now)
    within = visit.site.store.narrowed(visit.organization_id, where)
    stats = visit.site.store.stats(visit.organization_id, within)
    earlier = before(where, visit.now)
    past = visit.site.store.tally(visit.organization_id, earlier) if earlier else None
    return StatsPage(
        subject=subject,
        path=path,
        window=framing.window(query, path, visit.now, wrong=asked.wrong_time),
        wrong=asked.wrong,
        chart=framing.chart(stats.over_time, query, TIMELINE, visit.now),
        chips=framing.chips(query, PATH) if subject is None else (),
        clear=query.cleared().url(PATH),
        figures=key_figures(stats, query, past),
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
            for each in top_lists(stats, query)
            if subject is None or each.name.lower() != subject.kind
        ),
        frameworks=tuple(
            (name, tuple((control, _events_of(control, query)) for control in controls))
            for name, controls in by_framework(stats.controls)
        ),
        rows=tuple(
            framing.linked_row(event, query)
            for event in stats.top_events
            if event.risk >= RiskLevel.MEDIUM
        ),
        unseen=unseen_figures(stats, query),
        failed=query.typing("outcome:failure").url(TIMELINE),
        state=query.url("").removeprefix("?"),
        timeline=query.url(TIMELINE),
        year=visit.now.year,
    )


def _events_of(control: ControlCount, query: Query) -> str:
    return query.typing(f"control:{','.join(control.keys)}").url(TIMELINE)


def _period(where: EventFilter | None) -> str:
    if where is None or where.since is None or where.until is None:
        return ""
    return f"{local_minute(where.since)} to {local_minute(where.until)}"
