"""A rule's detector asked about one text: how often, how dearly, and what if it fails.

Detectors take 2 to 100 us each, and a hostile text holds thousands of look-alikes. So each text has
a budget, in units of work that cost about the same everywhere: no clock is read, the same text
always gets the same answer. What is not checked any more is taken for a secret, because a mask too
many hurts less than one too few; for personal data, if most of what was checked before was.
"""

from collections.abc import Mapping

from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.detectors import DETECTORS, Detector

_BUDGET = 8_000
"""For a text of up to 20 KB, in about a us each; longer ones have more."""
_BUDGET_PER_BYTE = 0.4
_COST: Mapping[str, int] = {
    **dict.fromkeys(("international_phone", "us_phone"), 100),
    **dict.fromkeys(("wallet", "bech32", "base58check"), 150),
    **dict.fromkeys(("random_token", "service_key", "vendor_token", "credential"), 20),
    **dict.fromkeys(("jwt", "basic_auth", "crc32_token", "ip"), 20),
}
_USUAL_COST = 6
_MAX_TRIES = 4
_MIN_TRIED = 11


class Checks:
    """The budget of one text, and what went wrong."""

    def __init__(self, size: int) -> None:
        self.left = max(_BUDGET, int(size * _BUDGET_PER_BYTE))
        self.notes: dict[str, None] = {}
        """What was not checked, or could not be, in words; each once, in order."""

    def of(self, rule: Rule) -> "Check":
        """The check of a rule."""
        return Check(rule, self)


class Check:
    """One rule's detector."""

    def __init__(self, rule: Rule, checks: Checks) -> None:
        self._rule = rule
        self._checks = checks
        self._detector: Detector | None = DETECTORS[rule.detector] if rule.detector else None
        self._cost = _COST.get(rule.detector or "", _USUAL_COST)
        self._balance = 0

    def accepted(self, raw: bytes) -> int:
        """How many bytes of `raw` are what the rule looks for; 0 if none.

        A pattern may have run on into the next words: the last ones are left out in turn.
        """
        if self._detector is None:
            return len(raw)
        size = len(raw)
        for _ in range(_MAX_TRIES if self._rule.pii else 1):
            if self._checks.left < self._cost:
                self._checks.notes[f"{self._rule.id}: too many look-alikes to check each"] = None
                return len(raw) if self._rule.secret or self._balance > 0 else 0
            self._checks.left -= self._cost
            if self._holds(self._detector, raw[:size].decode("utf-8", "replace")):
                self._balance += 1
                return size
            size = raw.rfind(b" ", 0, size)
            if size < _MIN_TRIED:
                break
        self._balance -= 1
        return 0

    def _holds(self, detector: Detector, value: str) -> bool:
        try:
            return detector(value)
        except Exception as error:  # noqa: BLE001  a check that fails must hide nothing
            self._checks.notes[f"{self._rule.id}: its check failed, {type(error).__name__}"] = None
            return True
