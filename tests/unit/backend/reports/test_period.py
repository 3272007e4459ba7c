"""A report says what the figures of its period say to the controls that ask for such."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.evidence import evidence_of
from agentaudit_backend.reports.period import Period, answer_in_words, controls_of, figures_of
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.classify.period_controls import PeriodFigures
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import EventKind
from agentaudit_processor.policy import Policy, Retention
from tests.support.audit_events import an_event
from tests.support.builders import a_fact
from tests.support.stores import a_store
from tests.unit.backend.reports.conftest import NOW, report_on

EVERY = tuple(framework["id"] for framework in load_frameworks()["frameworks"])
PERIOD = Period(since=NOW - timedelta(days=30), until=NOW)


def answers(figures: PeriodFigures) -> dict[str, str]:
    policy = Policy(frameworks=EVERY, flags=("gdpr", "pci_scope", "hipaa", "dora", "nis2"))
    return {one.hit.key: answer_in_words(one) for one in controls_of(figures, policy, NOW)}


def test_the_figures_are_those_of_all_events_of_the_period(seeded: Store, report: Report):
    alone = report_on(seeded, EventFilter(since=PERIOD.since, users=("nobody",)))

    assert report.figures.events_total == report.stats.total
    assert alone.stats.total == 0
    assert alone.figures == report.figures


def test_gaps_looks_and_exports_are_counted(tmp_path):
    with a_store(f"sqlite:///{tmp_path / 'a.db'}") as store:
        organization = store.default_organization()
        at_ns = int((NOW - timedelta(days=1)).timestamp() * 1e9)
        kinds = (EventKind.GAP, EventKind.LOG_ACCESS, EventKind.EXPORT, EventKind.SESSION)
        facts = [a_fact(fact_id=kind, kind=kind, at_ns=at_ns) for kind in kinds]
        store.write(organization, [an_event(fact) for fact in facts])

        figures = figures_of(store, organization, PERIOD, Policy(), NOW)

        assert (1, 2, 4) == (figures.capture_gaps, figures.log_access_count, figures.events_total)
        assert (0, None) == (figures.approvals_count, figures.approvals_median_seconds)


@pytest.mark.parametrize(
    ("days", "long_enough"), [(None, True), (400, True), (184, True), (183, False)]
)
def test_six_months_are_184_days_at_most(seeded: Store, days: int | None, long_enough: bool):
    policy = replace(Policy(), retention=Retention(event_days=days))

    figures = figures_of(seeded, seeded.default_organization(), PERIOD, policy, NOW)

    assert long_enough is figures.retention_meets_six_months
    assert days == figures.retention_days


def test_an_answer_is_told_in_words():
    told = answers(PeriodFigures(events_total=7, capture_gaps=2, retention_meets_six_months=True))

    assert "shown" == told["ai_act.art19.evidence"]
    assert "look at it" in told.values()
    assert [one for one in told.values() if one.startswith("not measured: ")]


def test_what_nobody_measures_is_named():
    told = answers(PeriodFigures())

    assert all(answer.startswith("not measured: ") for answer in told.values())


def test_the_evidence_file_holds_figures_and_answers(report: Report):
    told = json.loads(evidence_of(report).document)

    assert told["figures"]["events_total"] == report.stats.total
    assert len(told["period_controls"]) == len(report.period_controls) > 0
    assert {"met", "not_met", "undecided"} >= {one["state"] for one in told["period_controls"]}
