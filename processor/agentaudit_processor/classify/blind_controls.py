"""Controls on Events whose condition no Event can meet today, and what is missing for it.

Nothing that AgenticAudit records says, for example, to which region data went. A coverage table
that shows such a Control as "nothing found" would be read as "nothing happened".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentaudit_processor.classify.conditions import Conditions, holds
from agentaudit_processor.classify.controls import FIELDS_OF_EVENTS
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import DecidedBy, Decision, EventKind

_ENUMS: Mapping[str, Sequence[str]] = {
    "event.kind": [kind.value for kind in EventKind],
    "event.decision": [decision.value for decision in Decision],
    "event.decided_by": [by.value for by in DecidedBy],
    "event.tool_source": ["builtin"],
}
"""All that these fields can hold today; of others any value counts as possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindControl:
    """A Control that cannot be met."""

    key: str
    framework: str
    control: str
    missing: tuple[str, ...]
    """Fields that no Event has, and values that none of them takes: `event.change_ticket`,
    `event.signals: loop, cost_spike`."""


def blind_controls(frameworks: Sequence[str], rules: Sequence[Rule]) -> tuple[BlindControl, ...]:
    """The Controls on Events of `frameworks` that no Event can meet, given these rules."""
    loaded = load_frameworks()
    conditions = Conditions(loaded["predicates"])
    signals = {rule.signal for rule in rules if rule.signal}
    found = []
    for framework in loaded["frameworks"]:
        for raw in framework["controls"]:
            if raw["scope"] != "event" or framework["id"] not in frameworks:
                continue
            lacking: dict[str, None] = {}
            if not _possible(conditions, raw["when"], signals, lacking):
                found.append(
                    BlindControl(
                        key=raw["key"],
                        framework=framework["id"],
                        control=str(raw["id"]),
                        missing=tuple(lacking),
                    )
                )
    return tuple(found)


def _possible(
    conditions: Conditions, when: Any, signals: set[str], lacking: dict[str, None]
) -> bool:
    def answer(test: Mapping[str, Any]) -> bool | None:
        able = _can_hold(test, signals)
        if not able:
            lacking[_told(test)] = None
        return None if able else False

    return conditions.weighed(when, answer) is not False


def _can_hold(test: Mapping[str, Any], signals: set[str]) -> bool:
    name, operator = test["field"], test["op"]
    if name not in FIELDS_OF_EVENTS:
        return bool(operator == "absent")
    if name == "event.signals":
        return operator != "intersects" or not signals.isdisjoint(test["value"])
    values = _ENUMS.get(name)
    return values is None or any(holds(test, value) for value in values)


def _told(test: Mapping[str, Any]) -> str:
    name, value = test["field"], test.get("value")
    if name not in FIELDS_OF_EVENTS or value is None:
        return str(name)
    return f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
