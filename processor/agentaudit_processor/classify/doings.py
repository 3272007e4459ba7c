"""What a call does and which rules that meets; kept in mind for the next call that does the same.

A call is judged when it is asked and again when it has ended, and some are made again and again: a
build, the tests, `git status`. What it does follows from its input alone, which is the same then.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from agentaudit_processor.classify.deed_rules import DeedMatcher
from agentaudit_processor.classify.deeds import Deed
from agentaudit_processor.classify.first_pass import FirstPass
from agentaudit_processor.classify.read_safely import deeds_or_crude, written_or_none
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.model import Activity, RiskLevel, ToolCall

MAX_KNOWN = 256
_MAX_CHARS = 1_000
_MAX_DEEDS = 30
"""Calls that are larger or do more are judged anew: the memory that all may take is bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What one Activity does."""

    deeds: tuple[Deed, ...]
    deed_rules: Sequence[tuple[Deed, Rule]]
    written: Sequence[tuple[str, Deed, Rule]]
    """What a file that it writes would do when it runs, where that is grave; with the field."""
    notes: tuple[str, ...]
    """What could not be read, in words for people."""


class Doings:
    """Tells what Activities do; any thread may ask."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._matcher = DeedMatcher(rules)
        self._known: OrderedDict[tuple[object, ...], Doing] = OrderedDict()

    @property
    def first_passes(self) -> Sequence[FirstPass]:
        """Those of the rules that are asked."""
        return self._matcher.first_passes

    def of(self, activity: Activity) -> Doing:
        """What `activity` does; never raises. Of a call, its result does not matter."""
        key = _key(activity)
        known = self._known.get(key) if key is not None else None
        if known is not None:
            return known
        doing = self._read(activity)
        if key is not None and len(doing.deeds) <= _MAX_DEEDS:
            self._known[key] = doing
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return doing

    def _read(self, activity: Activity) -> Doing:
        notes: dict[str, None] = {}
        deeds = deeds_or_crude(activity, notes)
        rules = [
            (deed, rule)
            for deed in deeds
            for rule in self._matcher.rules_for(deed)
            if not rule.actions or activity.action in rule.actions
        ]
        written = [
            (where, deed, rule)
            for where, deed in written_or_none(activity, notes)
            for rule in self._matcher.rules_for(deed)
            if rule.severity >= RiskLevel.HIGH and not rule.actions
        ]
        return Doing(deeds=deeds, deed_rules=rules, written=written, notes=tuple(notes))


def _key(activity: Activity) -> tuple[object, ...] | None:
    """All that tells what a call does; None where that is too much to keep, or not plain."""
    if not isinstance(activity, ToolCall):
        return None
    told: list[object] = [activity.action, activity.tool_name, activity.mcp_server, activity.cwd]
    size = len(activity.tool_name) + len(activity.mcp_server or "") + len(activity.cwd or "")
    for name, value in activity.arguments.items():
        if isinstance(value, list | dict):
            return None
        size += len(name) + (len(value) if isinstance(value, str) else 0)
        told.extend((name, type(value), value))  # to Python, 1 and True are the same
    return tuple(told) if size <= _MAX_CHARS else None
