"""Which Controls an Event supports, or asks a person to look at: frameworks.yaml, evaluated.

Conditions are compiled to Python functions once. An absent field makes a test false. There is no
registry of AI systems yet, so `system.*` fields are absent: a control that only waits for the
system's registration as high-risk is reported as readiness, and says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from agentaudit_processor.classify.conditions import Condition, Conditions, Fields, every
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import (
    Activity,
    ControlHit,
    DecidedBy,
    Decision,
    Effects,
    EventKind,
    Fact,
    Finding,
    ToolCall,
    Verdict,
)

_DAY_NS = 86_400 * 10**9
_LAST_DAY = 2_314_814  # in the year 8307: what a calendar can still say
_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)
_ANSWERS = (Decision.APPROVED.value, Decision.DENIED.value)
_REASONING = "reasoning"
"""In `extra`: why the agent did it, as its sender told."""
_IF_REGISTERED = "Applies only once the AI system is registered as high-risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Control:
    raw: Mapping[str, Any]
    when: Condition
    applies: Condition
    waits_for_system: bool
    """`applies_if` asks about the system's registration and nothing else."""


class Controls:
    """The controls on events, ready to be asked."""

    def __init__(self) -> None:
        loaded = load_frameworks()
        self._conditions = Conditions(loaded["predicates"])
        self._ranks = {t["id"]: int(t["rank"]) for t in loaded["pii_taxonomy"]["types"]}
        self._categories = {t["id"]: t["categories"] for t in loaded["pii_taxonomy"]["types"]}
        self._raw = {framework["id"]: framework for framework in loaded["frameworks"]}
        self._frameworks: dict[str, Sequence[_Control]] = {}
        # Fields are few and poor in values: the same hits come again and again.
        self._cached = lru_cache(maxsize=4096)(self._hits)

    def hits(
        self,
        activity: Activity,
        findings: Sequence[Finding],
        effects: Effects,
        verdict: Verdict,
        frameworks: Sequence[str],
        *,
        flags: Sequence[str] = (),
    ) -> tuple[ControlHit, ...]:
        """The ControlHits of one Event; names in `frameworks` that are unknown are passed over.

        Args:
            flags: what the organisation says of itself (`org.flags`); some frameworks ask.
        """
        at_ns = activity.at_ns if isinstance(activity, Fact) else activity.started_ns
        day = min(max(at_ns, 0) // _DAY_NS, _LAST_DAY)
        told = _told(activity, findings, effects, verdict)
        return self._cached((*told, frozenset(flags)), day, tuple(frameworks))

    def _hits(
        self, told: tuple[Any, ...], day: int, frameworks: tuple[str, ...]
    ) -> tuple[ControlHit, ...]:
        fields = self._fields(told)
        on = date(1970, 1, 1) + timedelta(days=day)
        return tuple(
            hit
            for name in frameworks
            if name in self._raw
            for control in self._controls(name)
            if (hit := _hit(name, control, fields, on)) is not None
        )

    def _controls(self, framework: str) -> Sequence[_Control]:
        known = self._frameworks.get(framework)
        if known is None:
            raw = self._raw[framework]
            known = tuple(
                self._control(control, raw.get("applies_if"))
                for control in raw["controls"]
                if control["scope"] == "event"
            )
            self._frameworks[framework] = known
        return known

    def _control(self, raw: Mapping[str, Any], of_framework: Any) -> _Control:
        gates = [gate for gate in (of_framework, raw.get("applies_if")) if gate is not None]
        fields = {name for gate in gates for name in self._conditions.fields_in(gate)}
        return _Control(
            raw=raw,
            when=self._conditions.compiled(raw["when"]),
            applies=every([self._conditions.compiled(gate) for gate in gates]),
            waits_for_system=bool(fields) and all(name.startswith("system.") for name in fields),
        )

    def _fields(self, told: tuple[Any, ...]) -> Fields:
        fields = dict(zip(_FIELDS, told, strict=True))
        pii = fields["event.pii.types"]
        fields["event.pii.categories"] = frozenset(
            category for one in pii for category in self._categories.get(one, ())
        )
        fields["event.pii.max_rank"] = max((self._ranks.get(one, 0) for one in pii), default=0)
        return {name: value for name, value in fields.items() if value is not None}


_FIELDS = (
    "event.kind",
    "event.action_class",
    "event.tool",
    "event.tool_source",
    "event.risk_level",
    "event.decision",
    "event.decided_by",
    "event.outcome",
    "event.user.id",
    "event.session.id",
    "event.agent.id",
    "event.host.id",
    "event.environment",
    "event.privileged",
    "event.pii.types",
    "event.secrets.types",
    "event.data_flow",
    "event.approver.id",
    "event.reasoning_recorded",
    "event.signals",
    "org.flags",
)


FIELDS_OF_EVENTS = frozenset((*_FIELDS, "event.pii.categories", "event.pii.max_rank"))
"""The fields that an Event can have today; conditions on others are never met."""


def _told(
    activity: Activity, findings: Sequence[Finding], effects: Effects, verdict: Verdict
) -> tuple[Any, ...]:
    """The values of `_FIELDS` but for the last; None for one that is absent."""
    # of ids, conditions only ask whether they are there: True stands for any
    actor = activity.actor
    answered = _answer_of_a_person(activity)
    call = activity if isinstance(activity, ToolCall) else None
    return (
        "tool_call" if isinstance(activity, ToolCall) else activity.kind.value,
        effects.action_class,
        True if call else None,
        "builtin" if call and not call.mcp_server else None,
        verdict.risk_level.label,
        answered or verdict.decision.value,
        DecidedBy.HUMAN.value if answered else verdict.decided_by.value,
        call.outcome.value if call else None,
        bool(actor.user_id or actor.user_email or actor.user_name) or None,
        bool(activity.session_id) or None,
        bool(actor.agent_name) or None,
        bool(actor.host_name) or None,
        effects.environment,
        effects.privileged,
        frozenset(finding.personal for finding in findings if finding.personal),
        frozenset(finding.secret for finding in findings if finding.secret),
        effects.data_flow,
        True if answered else None,
        True if call and call.extra.get(_REASONING) else None,
        effects.signals,
    )


def _answer_of_a_person(activity: Activity) -> str | None:
    """`approved` or `denied`, where the Event is a named person's answer to a stopped call."""
    if not isinstance(activity, Fact) or activity.kind is not EventKind.APPROVAL:
        return None
    answer = activity.data.get("decision")
    named = activity.actor.user_name or activity.actor.user_email or activity.actor.user_id
    return answer if named and answer in _ANSWERS and isinstance(answer, str) else None


def _hit(framework: str, control: _Control, fields: Fields, on: date) -> ControlHit | None:
    registered = control.applies(fields)
    if not registered and not control.waits_for_system:
        return None
    if not control.when(fields):
        return None
    raw = control.raw
    rationale, readiness = rationale_of(raw, on, registered=registered)
    kind = raw["kind"]
    if raw.get("on_stopped") == "evidence" and fields["event.decision"] in _STOPPED:
        kind = "evidence"
    return ControlHit(
        key=raw["key"],
        framework=framework,
        control=str(raw["id"]),
        title=raw["title"],
        kind=kind,
        strength=raw["strength"],
        rationale=rationale,
        readiness=readiness,
    )


def rationale_of(
    raw: Mapping[str, Any], on: date, *, registered: bool, what: str = "day of the event"
) -> tuple[str, bool]:
    """Why a control is told of, and whether that shows readiness alone: it does not apply yet."""
    rationale, applies_from = str(raw["rationale"]), raw.get("applies_from")
    if not registered:
        return f"{rationale} {_IF_REGISTERED}{_from_when(applies_from)}.", True
    if not _is_in_force(applies_from, on):
        return f"{rationale} Not in force on the {what}{_from_when(applies_from)}.", True
    return rationale, False


def _is_in_force(applies_from: Any, on: date) -> bool:
    if applies_from is None:
        return True
    first = min(applies_from.values()) if isinstance(applies_from, Mapping) else applies_from
    return date.fromisoformat(first) <= on


def _from_when(applies_from: Any) -> str:
    if applies_from is None:
        return ""
    if not isinstance(applies_from, Mapping):
        return f"; in force from {_written(applies_from)}"
    parts = [
        f"{_written(day)} ({annex.replace('_', ' ').replace('annex', 'Annex')})"
        for annex, day in sorted(applies_from.items(), key=lambda item: str(item[1]))
    ]
    return f"; in force from {' or '.join(parts)}"


def _written(day: str) -> str:
    on = date.fromisoformat(day)
    return f"{on.day} {on:%B %Y}"
