"""A Session as a picture: a lane for the agent and each sub-agent, a bar for each call.

Long silences are folded, so that what happened has the room. Bars that would be narrower than one
unit become one, of the worst risk among them: two thousand calls make no larger a page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from agentaudit_backend.reports.charts import MARKS
from agentaudit_backend.store.reading.outline import Outlined
from agentaudit_processor.model import Decision, RiskLevel

WIDTH: Final = 1000
IDLE: Final = timedelta(minutes=2)
"""A longer silence is folded."""
MOST_LANES: Final = 8
_FOLD = 14.0
"""Units of a folded silence, unless they would take more than `_FOLDED_SHARE` altogether."""
_FOLDED_SHARE = 0.3
_LANE, _BAR, _GAP = 22.0, 14.0, 0.7
_STOPPED = (Decision.BLOCK, Decision.DENIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A silence that the picture leaves out."""

    at: datetime
    span_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """The picture, the names of its lanes from above, and what it leaves out."""

    svg: Markup
    lanes: tuple[str, ...]
    folds: tuple[Fold, ...]


class _Axis:
    """Moments -> units, silences folded."""

    def __init__(self, steps: Sequence[Outlined]) -> None:
        self.folds: list[tuple[datetime, datetime]] = []
        last = steps[0].at
        for step in steps:
            if step.at - last > IDLE:
                self.folds.append((last, step.at))
            last = max(last, step.ended_at or step.at)
        self.start, self.end = steps[0].at, last
        folded = sum((end - start for start, end in self.folds), timedelta())
        active = max(self.end - self.start - folded, timedelta(milliseconds=1))
        self.fold_width = min(_FOLD, _FOLDED_SHARE * WIDTH / max(1, len(self.folds)))
        room = WIDTH - self.fold_width * len(self.folds)
        self._per_second = room / active.total_seconds()

    def place(self, at: datetime) -> float:
        """Where the moment stands, 0 to `WIDTH`."""
        active, width = at - self.start, 0.0
        for start, end in self.folds:
            if at <= start:
                break
            inside = min(at, end) - start
            active -= inside
            width += self.fold_width * (inside / (end - start))
        return min(WIDTH, max(0.0, active.total_seconds() * self._per_second + width))


def waterfall(steps: Sequence[Outlined], link: Callable[[int], str]) -> Waterfall:
    """The picture of the steps, which are in order of time; `link` leads to one by its place."""
    if not steps:
        return Waterfall(svg=Markup(""), lanes=(), folds=())
    axis = _Axis(steps)
    names = list(dict.fromkeys(["", *(step.lane for step in steps)]))[:MOST_LANES]
    bars: dict[tuple[int, int], tuple[Outlined, int, float, float]] = {}
    for number, step in enumerate(steps):
        lane = names.index(step.lane) if step.lane in names else len(names) - 1
        left, right = axis.place(step.at), axis.place(step.ended_at or step.at)
        key = lane, int(left)
        known = bars.get(key)
        if known is None:
            bars[key] = step, number, left, right
        else:
            worse = _weight(step) > _weight(known[0])
            first = (step, number) if worse else known[:2]
            bars[key] = *first, known[2], max(known[3], right)
    height = _LANE * len(names)
    drawn = Markup("").join(
        _bar(step, link(number), left, right, lane * _LANE)
        for (lane, _), (step, number, left, right) in bars.items()
    )
    folded = Markup("").join(
        Markup(
            '<rect class="fold" x="{:.1f}" y="0" width="{:.1f}" height="{:g}" fill="#EEF1F4"/>'
        ).format(axis.place(start), axis.fold_width, height)
        for start, _ in axis.folds
    )
    svg = Markup(
        '<svg class="waterfall" viewBox="0 0 {w} {h:g}" width="100%" height="{h:g}"'
        ' preserveAspectRatio="none" aria-hidden="true">{folded}{bars}</svg>'
    ).format(w=WIDTH, h=height, folded=folded, bars=drawn)
    folds = tuple(
        Fold(at=start, span_ms=(end - start) // timedelta(milliseconds=1))
        for start, end in axis.folds
    )
    return Waterfall(svg=svg, lanes=tuple(name or "agent" for name in names), folds=folds)


def _weight(step: Outlined) -> tuple[bool, RiskLevel]:
    return step.decision in _STOPPED, step.risk


def _bar(step: Outlined, href: str, left: float, right: float, top: float) -> Markup:
    width = max(2.0, right - left - _GAP)
    left = min(left, WIDTH - width)
    stopped = step.decision in _STOPPED
    return Markup(
        '<a href="{}" tabindex="-1"><rect class="mark-{}{}" x="{:.1f}" y="{:g}" width="{:.1f}"'
        ' height="{:g}" fill="{}"/></a>'
    ).format(
        href,
        step.risk.label,
        " stopped" if stopped else "",
        left,
        top + (_LANE - (_LANE if stopped else _BAR)) / 2,
        width,
        _LANE if stopped else _BAR,
        MARKS[step.risk],
    )
