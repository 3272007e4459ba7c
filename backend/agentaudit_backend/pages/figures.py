"""The figures of a filter and its lists of the most frequent, each leading to its Events."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.query import Query
from agentaudit_backend.reports.summary import change
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.views import Counted, Stats, Tally
from agentaudit_processor.model import Decision, RiskLevel

TIMELINE: Final = "/dashboard"
SUBJECTS: Final = ("user", "agent", "host")
_TOP = 10
"""Rows of a list; its link leads to all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, and the Events behind it."""

    name: str
    value: int
    href: str | None
    change: str = ""
    """Beside the period before, in words: `+12 %`, `new`; empty where there is none to compare."""


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


def before(where: EventFilter, now: datetime) -> EventFilter | None:
    """The same filter over the period of the same length before; None where there is no such."""
    if where.since is None:
        return None
    width = (where.until or now) - where.since
    try:
        return replace(where, since=where.since - width, until=where.since)
    except OverflowError:
        return None


def key_figures(stats: Stats, query: Query, past: Tally | None) -> tuple[Figure, ...]:
    """The figures on top, each beside that of `past`, the period before."""

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
        ("Users", stats.users, "users", "/dashboard/users"),
        ("Agents", stats.agents, "agents", "/dashboard/agents"),
    )
    return (
        *(
            Figure(
                name=name,
                value=value,
                href=query.at(None).url(leads) if isinstance(leads, str) else leads.url(TIMELINE),
                change=changed(value, of),
            )
            for name, value, of, leads in counts
        ),
        Figure(
            name="Sessions",
            value=stats.sessions,
            href=sessions.url("/dashboard/sessions"),
            change=changed(stats.sessions, "sessions"),
        ),
    )


def unseen_figures(stats: Stats, query: Query) -> tuple[Figure, ...]:
    """What the figures do not tell of, or were told of late."""
    counts = (
        ("Calls whose end was never heard", stats.unfinished, query.typing("is:unfinished")),
        ("Events that arrived late, from a hook's spool", stats.replayed, query.typing("is:late")),
        ("Losses that hooks told of", stats.gaps, query.only("kind", "gap")),
    )
    return tuple(
        Figure(name=name, value=value, href=leads.url(TIMELINE)) for name, value, leads in counts
    )


def top_lists(stats: Stats, query: Query) -> tuple[TopList, ...]:
    """The lists below, those of users, agents and hosts among them."""

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
