"""Charts: what their shapes say, and that they hold nothing a CSP forbids."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_backend.reports import charts
from agentaudit_backend.store.views import Bucket, Histogram
from agentaudit_processor.model import RiskLevel

START = datetime(2026, 11, 22, tzinfo=UTC)
counts = st.dictionaries(st.sampled_from(list(RiskLevel)), st.integers(0, 10**9))


def bars_of(*by_risk: dict[RiskLevel, int]) -> Histogram:
    return Histogram(
        width_seconds=3600,
        buckets=tuple(
            Bucket(start=START + timedelta(hours=n), by_risk=each) for n, each in enumerate(by_risk)
        ),
    )


def rects_of(svg: str, name: str) -> list[dict[str, str]]:
    return [e.attrib for e in ET.fromstring(svg).iter() if e.get("class") == f"mark-{name}"]


@given(st.lists(counts, max_size=60))
def test_every_bar_stays_inside_the_picture_and_is_xml(by_risk: list[dict[RiskLevel, int]]):
    linked = str(charts.histogram(bars_of(*by_risk), lambda bucket: "/dashboard?a=1&b=2"))
    svg = linked[linked.index("<svg") :]

    for element in ET.fromstring(svg).iter("rect"):
        assert float(element.attrib["y"]) >= 0
        assert float(element.attrib["y"]) + float(element.attrib["height"]) <= 96.01
        assert float(element.attrib["x"]) + float(element.attrib["width"]) <= 600.5
    assert "style=" not in svg


def test_one_critical_among_thousands_is_seen():
    svg = str(charts.histogram(bars_of({RiskLevel.LOW: 100_000, RiskLevel.CRITICAL: 1})))

    (mark,) = rects_of(svg, "critical")
    assert float(mark["height"]) >= 1.5


def test_higher_counts_make_higher_bars():
    svg = str(charts.histogram(bars_of({RiskLevel.LOW: 10}, {RiskLevel.LOW: 20})))

    first, second = rects_of(svg, "low")
    assert float(second["height"]) > 1.8 * float(first["height"])


def test_no_events_make_an_empty_picture_that_says_so():
    assert "No events" in str(charts.histogram(bars_of()))
    assert "No events" in str(charts.risk_strip({}))
    assert "<rect" in str(charts.bar(0, 0))


@given(counts)
def test_the_strip_fills_its_width_with_the_worst_on_the_left(by_risk: dict[RiskLevel, int]):
    svg = str(charts.risk_strip(by_risk))
    marks = re.findall(r'class="mark-(\w+)" x="([\d.]+)" y="0.00" width="([\d.]+)"', svg)

    levels = [RiskLevel.parse(name) for name, _, _ in marks]
    assert sorted((level for level in RiskLevel if by_risk.get(level)), reverse=True) == levels
    if marks:
        assert abs(float(marks[-1][1]) + float(marks[-1][2]) - 100) < 0.3


def test_each_level_has_a_shape_of_its_own():
    shapes = {str(charts.glyph(level)) for level in RiskLevel}

    assert 4 == len(shapes)


def test_a_link_with_quotes_cannot_leave_its_attribute():
    svg = str(charts.histogram(bars_of({RiskLevel.LOW: 1}), lambda _: '"><script>x</script>'))

    assert "<script" not in svg


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, ["2026-11-22 12:00:00", "2026-11-22 12:00:01", "2026-11-22 12:00:03 UTC"]),
        (60, ["2026-11-22 12:00", "2026-11-22 12:01", "2026-11-22 12:03 UTC"]),
    ],
)
def test_the_scale_tells_moments_apart_however_short_the_bars(seconds: int, told: list[str]):
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    buckets = tuple(
        Bucket(start=noon + timedelta(seconds=seconds * n), by_risk={RiskLevel.LOW: 1})
        for n in range(3)
    )

    scale = charts.scale(Histogram(width_seconds=seconds, buckets=buckets))

    assert told == [scale.first, scale.middle, scale.last]
