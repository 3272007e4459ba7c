"""Which Controls an Event supports, or asks a person to look at: frameworks.yaml, evaluated.

Conditions are compiled to Python functions once. An absent field makes a test false. There is no
registry of AI systems yet, so `system.*` fields are absent: a control that only waits for the
system's registration as high-risk is reported as readiness, and says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import (
    Activity,
    ControlHit,
    Decision,
    Effects,
    Fact,
    Finding,
    ToolCall,
    Verdict,
)

Fields = Mapping[str, Any]
Condition = Callable[[Fields], bool]

_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)
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
        self._predicates: Mapping[str, Any] = loaded["predicates"]
        self._compiled: dict[str, Condition] = {}
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
    ) -> tuple[ControlHit, ...]:
        """The ControlHits of one Event; names in `frameworks` that are unknown are passed over."""
        fields = self._fields(activity, findings, effects, verdict)
        at_ns = activity.at_ns if isinstance(activity, Fact) else activity.started_ns
        on = datetime.fromtimestamp(min(max(at_ns, 0) / 1e9, 2e11), UTC).date()
        return self._cached(frozenset(fields.items()), on, tuple(frameworks))

    def _hits(
        self, items: frozenset[tuple[str, Any]], on: date, frameworks: tuple[str, ...]
    ) -> tuple[ControlHit, ...]:
        fields = dict(items)
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
        fields = {name for gate in gates for name in self._fields_in(gate)}
        return _Control(
            raw=raw,
            when=self._condition(raw["when"]),
            applies=_all([self._condition(gate) for gate in gates]),
            waits_for_system=bool(fields) and all(name.startswith("system.") for name in fields),
        )

    def _fields_in(self, raw: Any) -> Iterator[str]:
        if isinstance(raw, str):
            yield from self._fields_in(self._predicates[raw])
        elif "field" in raw:
            yield raw["field"]
        elif "not" in raw:
            yield from self._fields_in(raw["not"])
        else:
            for inner in raw.get("all") or raw.get("any"):
                yield from self._fields_in(inner)

    def _condition(self, raw: Any) -> Condition:
        if isinstance(raw, str):
            if raw not in self._compiled:
                self._compiled[raw] = self._condition(self._predicates[raw])
            return self._compiled[raw]
        if "all" in raw:
            return _all([self._condition(inner) for inner in raw["all"]])
        if "any" in raw:
            parts = [self._condition(inner) for inner in raw["any"]]
            return lambda fields: any(part(fields) for part in parts)
        if "not" in raw:
            part = self._condition(raw["not"])
            return lambda fields: not part(fields)
        return _test(raw["field"], raw["op"], raw.get("value"))

    def _fields(
        self, activity: Activity, findings: Sequence[Finding], effects: Effects, verdict: Verdict
    ) -> Fields:
        # of ids, conditions only ask whether they are there: True stands for any
        pii = frozenset(finding.pii for finding in findings if finding.pii)
        actor = activity.actor
        call = activity if isinstance(activity, ToolCall) else None
        fields = {
            "event.kind": "tool_call" if isinstance(activity, ToolCall) else activity.kind.value,
            "event.action_class": effects.action_class,
            "event.tool": True if call else None,
            "event.tool_source": "builtin" if call and not call.mcp_server else None,
            "event.risk_level": verdict.risk_level.label,
            "event.decision": verdict.decision.value,
            "event.decided_by": verdict.decided_by.value,
            "event.outcome": call.outcome.value if call else None,
            "event.user.id": bool(actor.user_id or actor.user_email or actor.user_name) or None,
            "event.session.id": bool(activity.session_id) or None,
            "event.agent.id": bool(actor.agent_name) or None,
            "event.host.id": bool(actor.host_name) or None,
            "event.environment": effects.environment,
            "event.privileged": effects.privileged,
            "event.pii.types": pii,
            "event.pii.categories": frozenset(
                c for one in pii for c in self._categories.get(one, ())
            ),
            "event.pii.max_rank": max((self._ranks.get(one, 0) for one in pii), default=0),
            "event.secrets.types": frozenset(f.secret for f in findings if f.secret),
            "event.data_flow": effects.data_flow,
            "event.signals": effects.signals,
        }
        return {name: value for name, value in fields.items() if value is not None}


def _hit(framework: str, control: _Control, fields: Fields, on: date) -> ControlHit | None:
    registered = control.applies(fields)
    if not registered and not control.waits_for_system:
        return None
    if not control.when(fields):
        return None
    raw = control.raw
    rationale = str(raw["rationale"])
    if not registered:
        rationale = f"{rationale} {_IF_REGISTERED}{_from_when(raw.get('applies_from'))}."
    elif not _is_in_force(raw.get("applies_from"), on):
        rationale = (
            f"{rationale} Not in force on the day of the event{_from_when(raw['applies_from'])}."
        )
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
        readiness=not registered or not _is_in_force(raw.get("applies_from"), on),
    )


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


def _all(parts: Sequence[Condition]) -> Condition:
    return lambda fields: all(part(fields) for part in parts)


def _test(name: str, operator: str, value: Any) -> Condition:
    if operator == "absent":
        return lambda fields: name not in fields
    compare = _OPERATORS[operator]

    def test(fields: Fields) -> bool:
        known = fields.get(name)
        return known is not None and bool(compare(known, value))

    return test


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda known, value: known == value,
    "ne": lambda known, value: known != value,
    "in": lambda known, value: known in value,
    "not_in": lambda known, value: known not in value,
    "gt": lambda known, value: known > value,
    "gte": lambda known, value: known >= value,
    "lt": lambda known, value: known < value,
    "lte": lambda known, value: known <= value,
    "exists": lambda _known, _value: True,
    "nonempty": lambda known, _value: len(known) > 0,
    "empty": lambda known, _value: len(known) == 0,
    "intersects": lambda known, value: not known.isdisjoint(value),
    "disjoint": lambda known, value: known.isdisjoint(value),
}
