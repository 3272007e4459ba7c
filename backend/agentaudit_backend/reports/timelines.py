"""Small pictures along an axis of time, for paper: ticks, columns, cells. Words stay outside."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from agentaudit_backend.reports.charts import MARKS
from agentaudit_backend.reports.incidents import Incident
from agentaudit_backend.reports.oversight import WeekAlone
from agentaudit_backend.store.reading.courses import Month
from agentaudit_processor.model import RiskLevel

_WIDTH: Final = 600.0
_HEIGHT: Final = 14.0
_GAP: Final = 0.8
_FILL, _LINE, _INK = "#7690C0", "#D5DAE0", "#1A1F26"
STATES: Final = {"evidence": "#1A6B34", "attention": "#B07A00", "readiness": "#7690C0"}
"""Colours of a Control's status; one with no record is an empty frame."""


def _svg(body: Iterable[Markup], told: str, height: float = _HEIGHT, name: str = "line") -> Markup:
    return Markup(
        '<svg class="{name}" viewBox="0 0 {w:g} {h:g}" width="100%" height="{h:g}"'
        ' preserveAspectRatio="none" role="img" aria-label="{told}">{body}</svg>'
    ).format(name=name, w=_WIDTH, h=height, told=told, body=Markup("").join(body))


def ticks(moments: Sequence[datetime], first: datetime, last: datetime) -> Markup:
    """A stroke for each moment between `first` and `last`."""
    axis = Markup('<path d="M0 7H{:g}" fill="none" stroke="{}" stroke-width="1"/>')
    strokes = (
        Markup('<path d="M{x:.1f} 2V12" fill="none" stroke="{ink}" stroke-width="1.6"/>').format(
            x=place(at, first, last), ink=_INK
        )
        for at in moments
    )
    return _svg((axis.format(_WIDTH, _LINE), *strokes), f"{len(moments):,} on the axis of time")


def place(at: datetime, first: datetime, last: datetime) -> float:
    """Where a moment stands on an axis of `_WIDTH`, one unit inside of its ends."""
    whole = (last - first) / timedelta(seconds=1)
    part = (at - first) / timedelta(seconds=1) / whole if whole > 0 else 0.0
    return 1 + min(1.0, max(0.0, part)) * (_WIDTH - 2)


def columns(values: Sequence[int], peak: int, colour: str = _FILL) -> Markup:
    """A column for each value, from the foot; the least that is not nothing is seen."""
    step = _WIDTH / max(1, len(values))
    foot = Markup('<path d="M0 {h:g}H{w:g}" fill="none" stroke="{c}" stroke-width="1"/>').format(
        h=_HEIGHT - 0.5, w=_WIDTH, c=_LINE
    )
    bars = (
        Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>').format(
            index * step,
            _HEIGHT - 1 - (height := max(1.2, value / peak * (_HEIGHT - 2))),
            max(0.5, step - _GAP),
            height,
            colour,
        )
        for index, value in enumerate(values)
        if value
    )
    return _svg((foot, *bars), f"{len(values):,} values, the highest {max(values, default=0):,}")


def shares(weeks: Sequence[WeekAlone], at: int) -> Markup:
    """For each week the share of the calls of its level `at` that ran with nobody asked."""
    levels = [week.levels[at] for week in weeks]
    parts = [round(1000 * each.alone / each.calls) if each.calls else 0 for each in levels]
    colours = {level.label: colour for level, colour in MARKS.items()}
    return columns(parts, 1000, colours[levels[0].level] if levels else _FILL)


def share_bar(ran: int, stopped: int, peak: int) -> Markup:
    """One bar, split into what ran and what was stopped; beside its numbers."""
    left = _WIDTH * ran / peak / 2 if peak else 0.0
    right = _WIDTH * stopped / peak / 2 if peak else 0.0
    return Markup(
        '<svg class="bar" viewBox="0 0 {w:g} 8" width="100%" height="8" aria-hidden="true"'
        ' preserveAspectRatio="none"><rect x="0" y="0" width="{a:.1f}" height="8" fill="{c}"/>'
        '<rect x="{a:.1f}" y="0" width="{b:.1f}" height="8" fill="{d}"/></svg>'
    ).format(w=_WIDTH, a=left, b=right, c=_FILL, d=MARKS[RiskLevel.CRITICAL])


def incident(each: Incident) -> Markup:
    """From its begin to the last limit; a limit is a stroke of its own colour."""
    known = [each.row.at, each.recorded_at or each.row.at, each.seen_at, each.aware_at]
    limits = [limit.until for limit in each.limits]
    first, last = min(known), max((*known, *limits))
    strokes = [
        Markup('<path d="M{:.1f} 1V13" fill="none" stroke="{}" stroke-width="2"/>').format(
            place(at, first, last), colour
        )
        for moments, colour in ((known, _INK), (limits, MARKS[RiskLevel.HIGH]))
        for at in moments
    ]
    axis = Markup('<path d="M0 7H{:g}" fill="none" stroke="{}" stroke-width="1"/>').format(
        _WIDTH, _LINE
    )
    return _svg((axis, *strokes), "From begin over awareness to the last limit")


def months(counts: Sequence[Month], limits: Sequence[datetime], last: datetime) -> Markup:
    """Events by month, on an axis that ends at `last` and holds the `limits`, which are lines."""
    first = min((*(each.start for each in counts), *limits), default=last)
    peak = max((each.events for each in counts), default=0)
    height = 44.0
    bars = []
    for each in counts:
        left = place(each.start, first, last)
        right = place(min(last, each.start + timedelta(days=30)), first, last)
        tall = max(1.2, each.events / peak * (height - 4))
        bars.append(
            Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>').format(
                left, height - 1 - tall, max(1.0, right - left - _GAP), tall, _FILL
            )
        )
    lines = (
        Markup(
            '<path d="M{x:.1f} 0V{h:g}" fill="none" stroke="{ink}" stroke-width="1.4"'
            ' stroke-dasharray="3 2"/>'
        ).format(x=place(limit, first, last), h=height, ink=MARKS[RiskLevel.HIGH])
        for limit in limits
    )
    foot = Markup('<path d="M0 {h:g}H{w:g}" fill="none" stroke="{c}" stroke-width="1"/>').format(
        h=height - 0.5, w=_WIDTH, c=_LINE
    )
    return _svg((foot, *bars, *lines), f"Events by month, {len(counts)} months", height, "months")


def strip(states: Sequence[str]) -> Markup:
    """A cell for each Control: its status by colour, empty where there is no record."""
    step = min(24.0, _WIDTH / max(1, len(states)))
    cells = (
        Markup(
            '<rect x="{:.1f}" y="1" width="{:.1f}" height="12" fill="{}" stroke="{}"'
            ' stroke-width="0.8"/>'
        ).format(
            0.5 + index * step,
            step - 1.6,
            STATES.get(state, "#FFFFFF"),
            STATES.get(state, "#7D8590"),
        )
        for index, state in enumerate(states)
    )
    told = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return _svg(cells, f"Controls: {told or 'none'}")
