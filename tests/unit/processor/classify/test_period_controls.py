"""Controls on the figures of a period: met, not met, or undecided with what is missing."""

from dataclasses import fields
from datetime import date

import pytest

from agentaudit_processor.classify.blind_controls import blind_controls
from agentaudit_processor.classify.controls import FIELDS_OF_EVENTS
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.period_controls import (
    PeriodControl,
    PeriodFigures,
    PeriodState,
    figure_of,
    period_controls,
)
from agentaudit_processor.frameworks import load_frameworks

LOADED = load_frameworks()
EVERY = tuple(framework["id"] for framework in LOADED["frameworks"])
FLAGS = tuple(LOADED["event_fields"]["org.flags"]["values"])
ON = date(2026, 11, 30)
WELL = PeriodFigures(
    events_total=100,
    integrity_verified=True,
    integrity_anchored=True,
    capture_gaps=0,
    capture_unattributed=0,
    retention_meets_six_months=True,
    retention_days=400,
    retention_overdue=0,
    review_high_total=3,
    review_high_overdue=0,
    review_done=3,
    approvals_count=10,
    approvals_approve_rate=0.5,
    approvals_median_seconds=20.0,
    clock_max_skew_ms=5,
    log_access_count=4,
    incidents_count=0,
    tools_unapproved=0,
)


def by_key(figures: PeriodFigures, **more: tuple[str, ...]) -> dict[str, PeriodControl]:
    """Every control on periods, by key."""
    frameworks = more.get("frameworks", EVERY)
    found = period_controls(figures, frameworks, more.get("flags", FLAGS), ON)
    return {control.hit.key: control for control in found}


def test_the_figures_are_those_that_the_file_names():
    named = {figure_of(name) for name in LOADED["event_fields"] if name.startswith("period.")}

    ours = {figure.name for figure in fields(PeriodFigures)}

    assert named == ours


def test_every_control_on_periods_is_told_once_and_none_on_events():
    expected = [
        control["key"]
        for framework in LOADED["frameworks"]
        for control in framework["controls"]
        if control["scope"] == "period"
    ]

    found = period_controls(WELL, EVERY, FLAGS, ON)

    assert sorted(expected) == sorted(control.hit.key for control in found)


def test_where_all_is_well_and_measured_evidence_is_met_and_nothing_is_undecided():
    found = by_key(WELL)

    states = {(c.hit.kind, c.state) for c in found.values()}
    assert {("evidence", PeriodState.MET), ("attention", PeriodState.NOT_MET)} >= states
    assert PeriodState.MET is found["iso27001.a_5_33.evidence"].state


@pytest.mark.parametrize(
    ("figures", "key"),
    [
        (PeriodFigures(integrity_verified=False), "iso27001.a_5_33.attention"),
        (PeriodFigures(capture_gaps=2), "soc2.cc7_2.gap.attention"),
        (PeriodFigures(retention_days=90), "pci.10_5_1.attention"),
        (PeriodFigures(clock_max_skew_ms=5_000), "iso27001.a_8_17.attention"),
        (
            PeriodFigures(
                approvals_count=60, approvals_approve_rate=1.0, approvals_median_seconds=1.0
            ),
            "asi09.attention",
        ),
    ],
)
def test_what_went_wrong_calls_for_attention(figures: PeriodFigures, key: str):
    assert PeriodState.MET is by_key(figures)[key].state
    assert PeriodState.NOT_MET is by_key(WELL)[key].state


def test_what_was_not_measured_is_told_and_passes_for_nothing():
    found = by_key(PeriodFigures())

    assert {PeriodState.UNDECIDED} == {control.state for control in found.values()}
    assert ("clock_max_skew_ms",) == found["iso27001.a_8_17.evidence"].missing
    assert all(control.missing for control in found.values())


def test_a_figure_that_decides_alone_needs_no_other():
    found = by_key(PeriodFigures(capture_gaps=1))

    assert PeriodState.MET is found["dora.rts12.attention"].state


def test_frameworks_ask_what_the_organisation_says_of_itself():
    assert not [key for key in by_key(WELL, flags=()) if key.startswith(("pci", "hipaa", "dora"))]
    assert [key for key in by_key(WELL, flags=("pci_scope",)) if key.startswith("pci")]


def test_a_duty_that_waits_for_a_system_shows_readiness():
    hit = by_key(WELL)["ai_act.art19.evidence"].hit

    assert hit.readiness
    assert "once the AI system is registered as high-risk" in hit.rationale


def test_a_control_that_no_event_can_meet_says_what_is_missing():
    blind = {each.key: each for each in blind_controls(EVERY, load_packs().rules)}

    assert ("event.destination.region",) == blind["gdpr.art44.attention"].missing
    assert ("event.kind: incident",) == blind["gdpr.art33_5.evidence"].missing
    assert all(each.missing for each in blind.values())
    assert not {"gdpr.art30.evidence", "soc2.cc6_1.evidence"} & blind.keys()


def test_with_no_rules_every_control_on_signals_is_blind():
    signals = {each.key for each in blind_controls(EVERY, ())}
    fewer = {each.key for each in blind_controls(EVERY, load_packs().rules)}

    assert "attack.t1485.attention" in signals - fewer
    assert fewer < signals


def test_every_field_that_an_event_has_is_named_by_the_file():
    assert set(LOADED["event_fields"]) >= FIELDS_OF_EVENTS
