"""What a report says, and that it says what the lists say."""

import json
from datetime import timedelta

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.evidence import evidence_of
from agentaudit_backend.reports.framework_names import (
    framework_name,
    framework_names,
    short_name,
)
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import RiskLevel
from tests.unit.backend.reports.conftest import NOW, report_on


def test_figures_are_those_of_the_lists(seeded: Store, report: Report):
    organization = seeded.default_organization()
    for level in RiskLevel:
        where = EventFilter(since=NOW - timedelta(days=30), until=NOW, risks=(level,))

        assert seeded.list_events(organization, where).total == report.stats.by_risk[level]

    assert report.stats.total == sum(report.stats.by_risk.values())
    assert 1200 == report.stats.total


def test_the_riskiest_events_come_first_with_their_reasons(report: Report):
    risks = [event.row.risk for event in report.top_events]

    assert risks
    assert sorted(risks, reverse=True) == risks
    assert all(event.reasons for event in report.top_events)
    assert all(event.rules for event in report.top_events)
    assert min(risks) >= RiskLevel.MEDIUM


def test_an_open_period_is_closed_when_the_report_is_made(report: Report):
    assert NOW == report.until == report.stats.until


def test_the_evidence_is_json_with_every_figure_and_no_key(report: Report):
    evidence = json.loads(evidence_of(report).document)

    assert report.stats.total == evidence["stats"]["total"]
    assert report.stats.by_risk[RiskLevel.LOW] == evidence["stats"]["by_risk"]["low"]
    assert "digest_key" not in evidence["policy"]
    assert evidence["since"].endswith("Z")
    assert len(report.top_events) == len(evidence["top_events"])


def test_the_same_figures_have_the_same_hash_and_others_another(seeded: Store, report: Report):
    again = report_on(seeded, EventFilter(since=NOW - timedelta(days=30)))
    other = report_on(seeded, EventFilter(since=NOW - timedelta(days=2)))

    assert evidence_of(again).sha256 == evidence_of(report).sha256
    assert evidence_of(other).sha256 != evidence_of(report).sha256


def test_every_framework_has_a_name_and_a_short_one():
    for framework_id, name in framework_names().items():
        assert name == framework_name(framework_id)
        assert short_name(framework_id) != framework_id
