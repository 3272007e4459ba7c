"""Figures of oversight and of ages: binned as they say."""

from datetime import UTC, datetime, timedelta

from agentaudit_backend.reports.oversight import WEEKS, waits_of, weeks_of
from agentaudit_backend.reports.register import ages_of
from agentaudit_backend.store.reading.courses import Course
from agentaudit_processor.model import RiskLevel

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def day(at: datetime, decision: str, events: int, risk: RiskLevel = RiskLevel.HIGH) -> Course:
    return Course(at, "tool_call", "claude-code", int(risk), decision, events)


def test_a_wait_counts_once_under_the_first_name_that_holds():
    found = {each.value: each.count for each in waits_of([1.0, 3.0, 3.1, 59.0, 9_999.0])}

    assert 2 == found["within 3 seconds"]
    assert 1 == found["within 10 seconds"]
    assert 1 == found["within a minute"]
    assert 0 == found["within an hour"]
    assert 1 == found["longer"]


def test_weeks_begin_on_monday_and_have_no_gaps():
    course = [day(MONDAY + timedelta(days=6), "block", 2), day(MONDAY - timedelta(8), "allow", 3)]

    found = weeks_of(course)

    assert [MONDAY - timedelta(14), MONDAY - timedelta(7), MONDAY] == [one.start for one in found]
    high = [week.levels[1] for week in found]
    assert [(3, 3), (0, 0), (2, 0)] == [(one.calls, one.alone) for one in high]


def test_only_the_latest_weeks_are_told():
    course = [day(MONDAY - timedelta(weeks=back), "allow", 1) for back in range(WEEKS + 9)]

    found = weeks_of(course)

    assert WEEKS == len(found)
    assert MONDAY == found[-1].start


def test_no_call_has_no_weeks():
    assert () == weeks_of([])


def test_ages_leave_out_what_is_closed():
    now = MONDAY + timedelta(hours=9)
    course = [day(MONDAY, "allow", 3), day(MONDAY - timedelta(6), "allow", 5)]

    found = ages_of(course, [MONDAY - timedelta(days=5, hours=20)], now)

    told = {each.value: each.count for each in found}
    assert {
        "since today": 3,
        "less than 7 days": 4,
        "less than 30 days": 0,
        "30 days or more": 0,
    } == told
