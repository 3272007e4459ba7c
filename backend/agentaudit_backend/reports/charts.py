"""Charts as SVG text, made on the server, for pages and the PDF alike.

Presentation attributes carry the light palette, which the PDF shows; classes let the page's style
sheet recolour them. No `style` attribute, no script: the pages' CSP forbids both. Words stay
outside the picture, in HTML, so that they wrap, scale and are read aloud.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from agentaudit_backend.store.views import Bucket, Histogram
from agentaudit_backend.templates.text import moment, number
from agentaudit_processor.model import RiskLevel

MARKS = {
    RiskLevel.LOW: "#7690C0",
    RiskLevel.MEDIUM: "#B07A00",
    RiskLevel.HIGH: "#A83A06",
    RiskLevel.CRITICAL: "#560A2A",
}
"""Light palette of the risk marks: at least 3:1 to the page, darker with risk."""

_WIDTH, _HEIGHT, _GAP = 600.0, 96.0, 0.7
_WORST_FIRST = tuple(sorted(RiskLevel, reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Words below a chart's foot."""

    first: str
    middle: str
    last: str


def utc(at: datetime) -> str:
    """`2026-11-22 21:04:11 UTC`."""
    return f"{moment(at)} UTC"


def histogram(
    data: Histogram,
    link: Callable[[Bucket], str] | None = None,
    at: Callable[[datetime], str] = utc,
    stopped: Sequence[int] = (),
) -> Markup:
    """Stacked bars over time, low risk at the foot; with `link` each bar leads to its slice.

    `stopped` of each bar, if given, are outlined at its head.

    Linked bars are for the pointer only (60 tab stops would bar the way): the picture is then
    hidden from assistive technology, which gets its title as text, and the same links in the
    table beneath. `at` tells a time with its zone.
    """
    peak = max((sum(b.by_risk.values()) for b in data.buckets), default=0)
    step = _WIDTH / max(1, len(data.buckets))
    bars = Markup("").join(
        _bar(bucket, left=index * step, width=step - _GAP, peak=peak, link=link, at=at)
        for index, bucket in enumerate(data.buckets)
        if sum(bucket.by_risk.values())
    )
    bars += Markup("").join(
        _outline(count, sum(bucket.by_risk.values()), index * step, step - _GAP, peak)
        for index, (bucket, count) in enumerate(zip(data.buckets, stopped, strict=False))
        if count
    )
    title = _title(data, at)
    told = Markup('role="img" aria-label="{}"').format(title)
    before = Markup("")
    if link is not None:
        told = Markup('aria-hidden="true"')
        before = Markup('<p class="visually-hidden">{}</p>').format(title)
    return before + Markup(
        '<svg class="histogram"{bars_from} viewBox="0 0 {w} {h}" width="100%" height="{h}"'
        ' preserveAspectRatio="none" {told}>'
        '<line class="axis" x1="0" x2="{w}" y1="{h}" y2="{h}" stroke="#D5DAE0"'
        ' stroke-width="1.5"/>{bars}</svg>'
    ).format(
        w=f"{_WIDTH:g}",
        h=f"{_HEIGHT:g}",
        told=told,
        bars=bars,
        bars_from=_bars_from(data) if link is not None else "",
    )


def _bars_from(data: Histogram) -> Markup:
    """For a script that lets a time be chosen: when the first bar begins, and how many there are
    of how many seconds."""
    if len(data.buckets) < 2:
        return Markup("")
    return Markup(' data-from="{:.0f}" data-seconds="{}" data-bars="{}"').format(
        data.buckets[0].start.timestamp(), data.width_seconds, len(data.buckets)
    )


def _bar(
    bucket: Bucket,
    *,
    left: float,
    width: float,
    peak: int,
    link: Callable[[Bucket], str] | None,
    at: Callable[[datetime], str],
) -> Markup:
    foot = _HEIGHT - 1
    rects = []
    for level in sorted(RiskLevel):
        count = bucket.by_risk.get(level, 0)
        if not count:
            continue
        # A single critical Event among thousands must stay visible: one and a half units at least.
        height = max(1.5, count / peak * (_HEIGHT - 4))
        top = max(0.0, foot - height)
        rects.append(_rect(level, left, top, width, foot - top))
        foot = top - (_GAP if top > 3 else 0)
    body = Markup("").join(rects)
    if link is None:
        return body
    counted = sum(bucket.by_risk.values())
    title = Markup("<title>{}: {}</title>").format(
        at(bucket.start), f"{number(counted)} {'event' if counted == 1 else 'events'}"
    )
    whole = Markup('<rect class="hit" x="{:.2f}" y="0" width="{:.2f}" height="{:g}" fill="none"/>')
    return Markup('<a href="{}" tabindex="-1">{}{}{}</a>').format(
        link(bucket), title, whole.format(left, width, _HEIGHT), body
    )


def _outline(count: int, total: int, left: float, width: float, peak: int) -> Markup:
    head = _HEIGHT - 1 - max(1.5, total / peak * (_HEIGHT - 4))
    height = max(3.0, count / peak * (_HEIGHT - 4))
    return Markup(
        '<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="none" stroke="#1A1F26"'
        ' stroke-width="0.9"/>'
    ).format(left + 0.4, max(0.5, head - 0.5), max(0.3, width - 0.8), height)


def _rect(level: RiskLevel, left: float, top: float, width: float, height: float) -> Markup:
    return Markup(
        '<rect class="mark-{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}"/>'
    ).format(level.label, left, top, max(0.3, width), max(0.3, height), MARKS[level])


def _title(data: Histogram, at: Callable[[datetime], str]) -> str:
    total = sum(sum(b.by_risk.values()) for b in data.buckets)
    if not data.buckets:
        return "No events in this time"
    return f"{number(total)} events over time by risk, from {at(data.buckets[0].start)}"


def _minute(at: datetime) -> str:
    return moment(at)[:16]


def scale(data: Histogram, at: Callable[[datetime], str] | None = None, zone: str = "UTC") -> Scale:
    """Start, middle and end of the time that the bars cover, as `at` tells them in `zone`.

    Without `at`, in UTC: to the minute, or to the second where the bars are of seconds.
    """
    if at is None:
        at = moment if data.width_seconds % 60 else _minute
    if not data.buckets:
        return Scale(first="", middle="no events", last="")
    starts = [bucket.start for bucket in data.buckets]
    if len(starts) == 1:
        return Scale(first=at(starts[0]), middle="", last="")
    return Scale(
        first=at(starts[0]),
        middle=at(starts[len(starts) // 2]),
        last=f"{at(starts[-1] + (starts[1] - starts[0]))} {zone}",
    )


def risk_strip(by_risk: Mapping[RiskLevel, int]) -> Markup:
    """One bar of the whole width, split by risk, the worst on the left."""
    total = sum(by_risk.values())
    left = 0.0
    rects = []
    present = [level for level in _WORST_FIRST if by_risk.get(level)]
    for level, width in zip(present, _widths([by_risk[level] for level in present]), strict=True):
        gap = 0.25 if left + width < 99.9 else 0
        rects.append(_rect(level, left, 0, width - gap, 10))
        left += width
    told = ", ".join(f"{level.label} {number(by_risk[level])}" for level in present)
    return Markup(
        '<svg class="strip" viewBox="0 0 100 10" width="100%" height="10"'
        ' preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" x="0" y="0" width="100" height="10" fill="#EEF1F4"/>{}</svg>'
    ).format(f"By risk: {told}" if total else "No events", Markup("").join(rects))


def _widths(counts: list[int]) -> list[float]:
    """Shares of 100, none below 1, so that the rare and grave are seen."""
    total = sum(counts)
    raw = [max(1.0, 100 * count / total) for count in counts]
    return [100 * width / sum(raw) for width in raw]


def bar(count: int, peak: int) -> Markup:
    """One horizontal bar beside its number; the number is the text, the bar is decoration."""
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" width="100%" height="8" preserveAspectRatio="none"'
        ' aria-hidden="true"><rect class="track" x="0" y="0" width="100" height="8"'
        ' fill="#EEF1F4"/><rect class="fill" x="0" y="0" width="{:.2f}" height="8"'
        ' fill="#7690C0"/></svg>'
    ).format(bar_width(count, peak))


def bar_width(count: int, peak: int) -> float:
    """Of such a bar, in percent; a hundredth at least, so that one among very many is seen."""
    return 0.0 if not peak else round(max(1.0, 100 * count / peak), 2)


_HEATS = ("#EEF3FA", "#CFDDF0", "#A9C0E2", "#7690C0")
_CELL, _ROW, _SPACE = 10.0, 12.0, 0.6


def calendar(counts: Sequence[int], peak: int) -> Markup:
    """A row of cells, darker with more; silence between its first and last count is crossed out."""
    # One path for all cells of a shade: on paper each shape has its cost.
    shades: dict[int, list[str]] = {}
    for index, count in enumerate(counts):
        if count:
            shades.setdefault(_strength(count, peak), []).append(_square(index))
    cells = Markup("").join(
        Markup('<path d="{}" fill="{}"/>').format("".join(squares), _HEATS[strength - 1])
        for strength, squares in sorted(shades.items())
    )
    return Markup(
        '<svg class="calendar" viewBox="0 0 {w:g} {h:g}" width="100%" height="{h:g}"'
        ' preserveAspectRatio="none" role="img" aria-label="{n} events over time">{c}</svg>'
    ).format(
        w=_CELL * max(1, len(counts)), h=_ROW, n=number(sum(counts)), c=cells + _silence(counts)
    )


def _square(index: int) -> str:
    width = _CELL - _SPACE
    return f"M{index * _CELL:g} 0h{width:g}v{_ROW:g}h-{width:g}z"


def _silence(counts: Sequence[int]) -> Markup:
    """A stroke through each cell without any, between the first and the last that have some."""
    told = [index for index, count in enumerate(counts) if count]
    inside = range(told[0], told[-1]) if told else ()
    strokes = "".join(
        f"M{index * _CELL:g} {_ROW:g}L{(index + 1) * _CELL - _SPACE:g} 0"
        for index in inside
        if not counts[index]
    )
    drawn = Markup('<path d="{}" fill="none" stroke="#7D8590" stroke-width="0.8"/>')
    return drawn.format(strokes) if strokes else Markup("")


def heat(count: int, peak: int) -> str:
    """The class of a cell with this number, `h1` to `h4`; none for nothing."""
    return f"h{_strength(count, peak)}" if count and peak else ""


def _strength(count: int, peak: int) -> int:
    """1 to 4 by powers of ten below the peak, so that few beside very many are seen."""
    return next((4 - power for power in range(3) if count * 10**power * 3 >= peak), 1)


_GLYPHS = {
    RiskLevel.LOW: '<circle cx="6" cy="6" r="4" fill="none" stroke="{c}" stroke-width="1.8"/>',
    RiskLevel.MEDIUM: (
        '<circle cx="6" cy="6" r="4" fill="none" stroke="{c}" stroke-width="1.8"/>'
        '<path d="M6 2a4 4 0 0 1 0 8z" fill="{c}"/>'
    ),
    RiskLevel.HIGH: '<path d="M6 1.2 11.2 10.6H.8z" fill="{c}"/>',
    RiskLevel.CRITICAL: '<path d="M6 .6 11.4 6 6 11.4.6 6z" fill="{c}"/>',
}


def glyph(level: RiskLevel, colour: str = "currentColor") -> Markup:
    """The level's shape: ring, half disc, triangle, diamond. Always beside its word."""
    shape = _GLYPHS[level].replace("{c}", colour)
    return Markup(  # noqa: S704  constants only
        '<svg class="glyph" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">'
        f"{shape}</svg>"
    )
