"""Tell which rules a Deed meets: each kind of Deed has its rules, behind one first pass."""

from collections.abc import Sequence
from functools import cache, lru_cache

from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.first_pass import FirstPass, first_pass
from agentaudit_processor.classify.patterns import Pattern
from agentaudit_processor.classify.rules import Rule

_PATTERNED = (
    DeedKind.COMMAND,
    DeedKind.PIPELINE,
    DeedKind.TOUCH,
    DeedKind.CODE,
    DeedKind.VISIT,
    DeedKind.SEQUENCE,
)
_SHORT = 60
_MOST_KNOWN = 1_024


class DeedMatcher:
    """Matches the deed rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._unread = [rule for rule in rules if rule.matcher == "unread"]
        self._sql = [rule for rule in rules if rule.matcher == "sql"]
        self._by_kind = {
            kind: _Lines([rule for rule in rules if rule.matcher == kind.value])
            for kind in _PATTERNED
        }

    @property
    def first_passes(self) -> Sequence[FirstPass]:
        """One for each kind of Deed that is known by a pattern."""
        return [lines.first_pass for lines in self._by_kind.values()]

    def rules_for(self, deed: Deed) -> Sequence[Rule]:
        """The rules that `deed` matches."""
        lines = self._by_kind.get(deed.kind)
        if lines is not None:
            return lines.matching(deed)
        if deed.kind is DeedKind.UNREAD:
            return self._unread
        return [rule for rule in self._sql if deed.verb in rule.verbs]


class _Lines:
    """The rules of one kind of Deed."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        # an empty pattern matches everywhere: a rule that asks for a scope alone
        self.first_pass = first_pass(tuple(rule.pattern for rule in rules))
        self._compiled = cache(Pattern)
        self._candidates_of_short = lru_cache(maxsize=_MOST_KNOWN)(self._candidates)

    def matching(self, deed: Deed) -> Sequence[Rule]:
        text = f"{deed.verb} {deed.text}" if deed.kind is DeedKind.VISIT else deed.text
        # `cd src`, `git status`, `tail -20`: the same again and again among others
        ask = self._candidates_of_short if len(text) <= _SHORT else self._candidates
        rules = ask(text)
        if not rules:  # nearly always
            return ()
        line = text.encode("utf-8", "replace")
        return [rule for rule in rules if self._is_met(rule, deed, line)]

    def _candidates(self, text: str) -> Sequence[Rule]:
        found = self.first_pass.candidates(text.encode("utf-8", "replace"))
        return [self._rules[at] for at in sorted(found)] if found else ()

    def _is_met(self, rule: Rule, deed: Deed, line: bytes) -> bool:
        if rule.access and deed.access not in rule.access:
            return False
        if rule.scope and deed.scope not in rule.scope:
            return False
        return not rule.unless or not self._compiled(rule.unless).occurs(line)
