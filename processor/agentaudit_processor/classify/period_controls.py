"""Which Controls the figures of a period support, or ask a person to look at; for reports.

A figure that was not measured is None, and a Control that hangs on it is told as undecided, with
what is missing: a report that left it out would let silence pass for an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from agentaudit_processor.classify.conditions import Conditions, holds
from agentaudit_processor.classify.controls import rationale_of
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import ControlHit

_PERIOD = "period."
_SYSTEM = "system."
"""Nobody registers AI systems yet: what waits for that alone is told as readiness."""


class PeriodState(StrEnum):
    """What the figures say of a Control's condition."""

    MET = "met"
    NOT_MET = "not_met"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFigures:
    """What was measured over a period (`period.*` of frameworks.yaml); None was not."""

    events_total: int | None = None
    integrity_verified: bool | None = None
    """The proofs of the whole period were checked, and hold (True) or do not (False)."""
    integrity_anchored: bool | None = None
    """A checkpoint of or after the period's end is held outside the system."""
    capture_gaps: int | None = None
    """Missing client sequence numbers and heartbeats."""
    capture_unattributed: int | None = None
    """Events without user, session or agent."""
    retention_meets_six_months: bool | None = None
    retention_days: int | None = None
    retention_overdue: int | None = None
    review_high_total: int | None = None
    review_high_overdue: int | None = None
    review_done: int | None = None
    approvals_count: int | None = None
    approvals_approve_rate: float | None = None
    """Of 1."""
    approvals_median_seconds: float | None = None
    clock_max_skew_ms: int | None = None
    log_access_count: int | None = None
    incidents_count: int | None = None
    tools_unapproved: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodControl:
    """One Control on a period, and what the figures say of it."""

    hit: ControlHit
    state: PeriodState
    missing: tuple[str, ...] = ()
    """The figures that were not measured and that it hangs on: `clock_max_skew_ms`."""


def period_controls(
    figures: PeriodFigures, frameworks: Sequence[str], flags: Sequence[str], on: date
) -> tuple[PeriodControl, ...]:
    """Every Control on periods of `frameworks` that applies to the organisation.

    Args:
        flags: what the organisation says of itself (`org.flags`).
        on: the last day of the period; a duty not in force then shows readiness.
    """
    loaded = load_frameworks()
    conditions = Conditions(loaded["predicates"])
    known: dict[str, Any] = {
        name: getattr(figures, figure_of(name))
        for name in loaded["event_fields"]
        if name.startswith(_PERIOD)
    }
    known["org.flags"] = frozenset(flags)
    return tuple(
        control
        for framework in loaded["frameworks"]
        if framework["id"] in frameworks
        for control in _of_framework(conditions, framework, known, on)
    )


def _of_framework(
    conditions: Conditions, framework: Mapping[str, Any], known: Mapping[str, Any], on: date
) -> Iterator[PeriodControl]:
    for raw in framework["controls"]:
        gates = [gate for gate in (framework.get("applies_if"), raw.get("applies_if")) if gate]
        asked = {name for gate in gates for name in conditions.fields_in(gate)}
        registered = all(conditions.compiled(gate)(known) for gate in gates)
        waits = bool(asked) and all(name.startswith(_SYSTEM) for name in asked)
        if raw["scope"] != "period" or not (registered or waits):
            continue
        rationale, readiness = rationale_of(
            raw, on, registered=registered, what="last day of the period"
        )
        hit = ControlHit(
            key=raw["key"],
            framework=framework["id"],
            control=str(raw["id"]),
            title=raw["title"],
            kind=raw["kind"],
            strength=raw["strength"],
            rationale=rationale,
            readiness=readiness,
        )
        yield _decided(conditions, raw["when"], known, hit)


def _decided(
    conditions: Conditions, when: Any, known: Mapping[str, Any], hit: ControlHit
) -> PeriodControl:
    def answer(test: Mapping[str, Any]) -> bool | None:
        value = known.get(test["field"])
        return None if value is None else holds(test, value)

    met = conditions.weighed(when, answer)
    if met is not None:
        return PeriodControl(hit=hit, state=PeriodState.MET if met else PeriodState.NOT_MET)
    absent = {name for name in conditions.fields_in(when) if known.get(name) is None}
    return PeriodControl(
        hit=hit, state=PeriodState.UNDECIDED, missing=tuple(sorted(map(figure_of, absent)))
    )


def figure_of(field: str) -> str:
    """The name in PeriodFigures of `period.retention.days`: `retention_days`."""
    return field.removeprefix(_PERIOD).replace(".", "_")
