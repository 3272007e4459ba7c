"""Parts that several lists share: time window, chips, histogram with its table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from markupsafe import Markup

from agentaudit_backend.pages.periods import periods
from agentaudit_backend.pages.query import RANGES, Query
from agentaudit_backend.reports import charts
from agentaudit_backend.store.reviews import Review
from agentaudit_backend.store.views import Bucket, EventRow, Histogram
from agentaudit_backend.templates.zones import clock_field, local, local_minute, zone
from agentaudit_processor.model import ReviewState, RiskLevel

PRESETS = ("24h", "7d", "30d")
WORST_FIRST = tuple(sorted(RiskLevel, reverse=True))
REVIEW_WORDS = {
    ReviewState.NEW: "not reviewed",
    ReviewState.REVIEWED: "reviewed",
    ReviewState.FALSE_POSITIVE: "false positive",
    ReviewState.FOLLOW_UP: "follow up",
    ReviewState.INCIDENT: "incident",
}
_RANGE_WORDS = {
    "15m": "Last 15 minutes",
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "all": "All time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One button of the time range."""

    name: str
    href: str
    active: bool
    usual: bool
    """It stands beside the choice of a time, the others inside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One condition, and the link that takes it away."""

    name: str
    value: str
    remove: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time range of a page and how to choose another."""

    presets: tuple[Preset, ...]
    periods: tuple[Preset, ...]
    label: str
    fields: tuple[tuple[str, str], ...]
    """Hidden fields of the form that asks for the two ends."""
    from_value: str
    to_value: str
    all_time: str
    earlier: str | None
    later: str | None
    frozen: str
    """The same with its ends as they are now: what one sends on."""
    wider: str | None
    """Three times as long about the same middle; None where there are no two ends."""
    wrong: str | None
    """What the time that was asked for means nothing by; another is shown then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """One bar of a histogram as a table row; counts from critical to low."""

    start: datetime
    counts: tuple[int, ...]
    href: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A histogram, its words and its table."""

    svg: Markup
    scale: charts.Scale
    bars: tuple[BarRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A column that a list can be sorted by, the highest first."""

    href: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedRow:
    """An Event in a list, with where its cells lead."""

    event: EventRow
    href: str
    user_href: str
    action_href: str
    session_href: str
    menu: str
    """The page of its menu."""
    review: Review | None = None
    """The latest word on it, if there is any."""
    rules: tuple[str, ...] = ()

    @property
    def review_words(self) -> str:
        """How it stands, in words; empty while nobody has said anything."""
        return REVIEW_WORDS[self.review.state] if self.review else ""


def window(query: Query, path: str, now: datetime, *, wrong: str | None = None) -> Window:
    """The time range of `query`, and links to others, for the page at `path`."""
    since, until = query.window(now)
    label = _RANGE_WORDS[query.range]
    if query.absolute:
        told = local_minute if all(_is_of_minutes(at) for at in (since, until)) else local
        label = f"{told(since) if since else '…'} to {told(until) if until else 'now'}"
    return Window(
        presets=tuple(
            Preset(
                name=name,
                href=query.ranged(name).url(path),
                active=not query.absolute and query.range == name,
                usual=name in PRESETS,
            )
            for name in RANGES
            if name != "all"
        ),
        periods=tuple(
            Preset(
                name=name,
                href=query.between(begin, end).url(path),
                active=(query.since, query.until) == (begin, end),
                usual=False,
            )
            for name, begin, end in periods(now)
        ),
        label=label,
        fields=tuple(query.fields("from", "to")),
        from_value=_local(since),
        to_value=_local(until or now) if since or until else "",
        all_time=query.ranged("all").url(path),
        earlier=_shifted(query, path, now, -1),
        later=_shifted(query, path, now, 1),
        wider=_wider(query, path, now),
        wrong=wrong,
        frozen=(query if query.absolute or since is None else query.between(since, now)).url(path),
    )


def _shifted(query: Query, path: str, now: datetime, by: int) -> str | None:
    """The window next to this one; None where that has no end or would lie in the future."""
    since, until = query.window(now)
    if since is None or (by > 0 and (until is None or until >= now)):
        return None
    end = until or now
    width = (end - since) * by
    try:
        return query.between(since + width, end + width).url(path)
    except OverflowError:
        return None


def _wider(query: Query, path: str, now: datetime) -> str | None:
    since, until = query.window(now)
    if since is None:
        return None
    end = until or now
    try:
        return query.between(since - (end - since), min(now, end + (end - since))).url(path)
    except OverflowError:
        return None


def chips(query: Query, path: str) -> tuple[Chip, ...]:
    """Every condition but the time."""
    made = [
        Chip(name=_chip_name(facet), value=value, remove=query.toggled(facet, value).url(path))
        for facet, values in query.facets.items()
        for value in (values if facet != "kind" else ())
    ]
    if kinds := query.facets.get("kind"):
        value = kinds[0] if len(kinds) == 1 else f"{len(kinds)} kinds"
        made.append(Chip(name="kind", value=value, remove=query.only("kind").url(path)))
    made += [
        Chip(name="query", value=piece, remove=query.without_piece(number).url(path))
        for number, piece in enumerate(query.typed.pieces)
    ]
    return tuple(made)


def _chip_name(facet: str) -> str:
    return "PII" if facet == "pii" else facet


def chart(data: Histogram, query: Query, path: str, now: datetime) -> Chart:
    """The picture; each bar leads to its slice of the list at `path`.

    The first and the last bar may reach beyond the window; what they lead to does not.
    """
    since, until = query.window(now)

    def slice_of(bucket: Bucket) -> str:
        end = bucket.start + timedelta(seconds=data.width_seconds)
        first = max(bucket.start, since) if since else bucket.start
        return query.between(first, min(end, until) if until else end).url(path)

    linked = slice_of if len(data.buckets) > 1 else None
    return Chart(
        svg=charts.histogram(data, linked, lambda at: f"{local(at)} {zone()}"),
        scale=charts.scale(data, local if data.width_seconds % 60 else local_minute, zone()),
        bars=tuple(
            BarRow(
                start=bucket.start,
                counts=tuple(bucket.by_risk.get(level, 0) for level in WORST_FIRST),
                href=linked(bucket) if linked else None,
            )
            for bucket in data.buckets
            if sum(bucket.by_risk.values())
        ),
    )


def linked_row(
    event: EventRow, query: Query, *, review: Review | None = None, rules: tuple[str, ...] = ()
) -> LinkedRow:
    """The Event with links that keep the list's state."""
    context = query.at(None)
    href = event_href(event.event_id, context)
    path, _, state = href.partition("?")
    return LinkedRow(
        event=event,
        href=href,
        menu=f"{path}/menu?{state}" if state else f"{path}/menu",
        review=review,
        rules=rules,
        user_href=query.only("user", event.user).url("/dashboard"),
        action_href=query.only("action", event.action.value).url("/dashboard"),
        session_href=session_href(event.session_id),
    )


def event_href(event_id: str, context: Query) -> str:
    """The Event's page; `ctx` keeps the list from which one came."""
    path = f"/dashboard/events/{quote(event_id, safe='')}"
    inner = urlencode(context.pairs())
    return f"{path}?{urlencode({'ctx': inner})}" if inner else path


def session_href(session_id: str) -> str:
    """A Session's page; the id comes from an agent, slashes and dots included."""
    return f"/dashboard/sessions/{quote(session_id, safe='')}"


def subject_href(kind: str, name: str) -> str:
    """The page of a user, an agent or a host; the name comes from outside, slashes included."""
    return f"/dashboard/{kind}s/{quote(name, safe='')}"


def ms_of(span: timedelta) -> int:
    """Whole milliseconds."""
    return int(span / timedelta(milliseconds=1))


def risk_words(by_risk: Mapping[RiskLevel, int]) -> str:
    """`2 high, 14 low`."""
    present = [level for level in WORST_FIRST if by_risk.get(level)]
    return ", ".join(f"{by_risk[level]:,} {level.label}" for level in present) or "no calls"


def above_low(by_risk: Mapping[RiskLevel, int]) -> Mapping[RiskLevel, int]:
    """What is not low, for beside the number of all; the low where there is nothing else."""
    grave = {level: count for level, count in by_risk.items() if level > RiskLevel.LOW and count}
    return grave or by_risk


def total_words(total: int, cap: int, noun: str = "event") -> str:
    """`3,632 events`; `10,000+ events` at the cap, which is as far as the store counts."""
    if total >= cap:
        return f"{cap:,}+ {noun}s"
    return f"{total:,} {noun}" + ("" if total == 1 else "s")


def _is_of_minutes(at: datetime | None) -> bool:
    return at is None or not (at.second or at.microsecond)


def _local(at: datetime | None) -> str:
    return clock_field(at) if at else ""
