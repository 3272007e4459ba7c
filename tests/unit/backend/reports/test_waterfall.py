"""The picture of a Session: lanes, silences folded, and no more bars than can be told apart."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from agentaudit_backend.reports.waterfall import MOST_LANES, WIDTH, waterfall
from agentaudit_backend.store.reading.outline import Outlined
from agentaudit_processor.model import Action, Decision, EventKind, RiskLevel

START = datetime(2026, 11, 22, 20, tzinfo=UTC)


def a_step(seconds: float, took: float = 1, **fields: Any) -> Outlined:
    """A call that began so long after the start."""
    defaults: dict[str, Any] = {
        "event_id": f"e{seconds}",
        "at": START + timedelta(seconds=seconds),
        "ended_at": START + timedelta(seconds=seconds + took),
        "kind": EventKind.TOOL_CALL,
        "action": Action.SHELL_COMMAND,
        "risk": RiskLevel.LOW,
        "decision": Decision.ALLOW,
        "lane": "",
        "replayed": False,
    }
    return Outlined(**defaults | fields)


def bars(svg: str) -> list[tuple[str, float, float]]:
    """Step, left and right of each bar."""
    shape = r'href="(\d+)"[^>]*><rect class="mark[^"]*" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"'
    found = re.findall(shape, svg)
    return [(step, float(left), float(left) + float(width)) for step, left, width in found]


def test_bars_stand_in_order_of_time_and_within_the_picture():
    steps = [a_step(seconds, took) for seconds, took in ((0, 5), (10, 30), (60, 1))]

    drawn = bars(waterfall(steps, str).svg)

    assert ["0", "1", "2"] == [step for step, _, _ in drawn]
    assert [left for _, left, _ in drawn] == sorted(left for _, left, _ in drawn)
    assert all(0 <= left < right <= WIDTH + 0.1 for _, left, right in drawn)


def test_a_long_silence_is_folded_and_told():
    steps = [a_step(0), a_step(30), a_step(3630), a_step(3660)]

    picture = waterfall(steps, str)

    assert [(START + timedelta(seconds=31), 3_599_000)] == [
        (fold.at, fold.span_ms) for fold in picture.folds
    ]
    lefts = [left for _, left, _ in bars(picture.svg)]
    assert lefts[2] - lefts[1] < 50 < lefts[1] - lefts[0]


def test_a_call_that_runs_for_long_is_no_silence():
    picture = waterfall([a_step(0, 600), a_step(601)], str)

    assert () == picture.folds


def test_each_sub_agent_has_a_lane_and_the_last_takes_the_rest():
    steps = [a_step(n, lane=f"helper-{n}") for n in range(12)]

    picture = waterfall(steps, str)

    assert MOST_LANES == len(picture.lanes)
    assert ("agent", "helper-0") == picture.lanes[:2]
    assert 12 == len(bars(picture.svg))


def test_calls_too_close_to_be_told_apart_are_one_bar_of_the_worst():
    steps = [a_step(n / 10, 0.01) for n in range(5000)]
    steps[2500] = a_step(250, 0.01, risk=RiskLevel.CRITICAL)
    steps[2501] = a_step(250.1, 0.01, decision=Decision.BLOCK)

    svg = waterfall(steps, str).svg

    assert len(bars(svg)) <= WIDTH + 1
    assert "mark-critical" in svg or "stopped" in svg


def test_events_of_one_moment_and_none_at_all_make_a_picture():
    assert 1 == len(bars(waterfall([a_step(0, 0), a_step(0, 0)], str).svg))
    assert "" == waterfall([], str).svg
