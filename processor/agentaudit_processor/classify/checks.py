"""What one text may cost: looks of rules, and questions to their detectors; what if one fails.

A look takes 5 us, a detector 2 to 100, and a hostile text holds thousands of look-alikes for a
hundred rules. So each text has a budget that all rules share, counted in work and never by the
clock: the same text always gets the same answer. What a detector is not asked any more is taken for
a secret, because a mask too many hurts less than one too few; for personal data, if most of what
the rule asked before was.
"""

from collections.abc import Mapping

from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.detectors import DETECTORS, Detector

_QUESTIONS = 5_000
"""About a us each, for a text of up to 20 KB; longer ones have more in proportion."""
_QUESTIONS_PER_BYTE = 0.16
_LOOKS = 900
_LOOKS_PER_BYTE = 0.03
LOOKS_OF_A_SECRET = 3
"""What finding one costs besides: its digest, its mask, and to know that again."""
_COST: Mapping[str, int] = {
    **dict.fromkeys(("international_phone", "us_phone", "wallet", "bech32"), 100),
    **dict.fromkeys(("encoded_secret", "jwt", "basic_auth", "crc32_token", "base58check"), 25),
    **dict.fromkeys(("vendor_token", "random_token", "service_key", "credential"), 20),
    "told_password": 30,
    "owned_password": 30,
    **dict.fromkeys(("base64_text", "percent_text"), 10),
    **dict.fromkeys(("ip", "named_ip", "private_ip"), 20),
}
_USUAL_COST = 8
_MAX_TRIES = 4
_MIN_TRIED = 11
_MOST_KNOWN = 200


class Budget:
    """What is left for one text, and what went wrong."""

    def __init__(self, size: int) -> None:
        self.looks = max(_LOOKS, int(size * _LOOKS_PER_BYTE))
        self.questions = max(_QUESTIONS, int(size * _QUESTIONS_PER_BYTE))
        self.notes: dict[str, None] = {}
        """What was not looked at or not checked, in words; each once, in order."""


class Check:
    """One rule's detector."""

    def __init__(self, rule: Rule, budget: Budget) -> None:
        self._rule = rule
        self._budget = budget
        self._detector: Detector | None = DETECTORS[rule.detector] if rule.detector else None
        self._cost = _COST.get(rule.detector or "", _USUAL_COST)
        self._balance = 0
        self._known: dict[bytes, int] = {}
        """How much of each value was accepted: the same one often stands there many times."""

    @property
    def hopeful(self) -> bool:
        """Tell whether most of what was checked was what the rule looks for."""
        return self._balance > 0

    def accepted(self, raw: bytes) -> int:
        """How many bytes of `raw` are what the rule looks for; 0 if none.

        A pattern may have run on into the next words: the last ones are left out in turn.
        """
        if self._detector is None:
            self._balance += 1
            return len(raw)
        known = self._known.get(raw)
        if known is not None:
            self._balance += 1 if known else -1
            return known
        accepted = self._asked(self._detector, raw)
        if len(self._known) < _MOST_KNOWN:
            self._known[raw] = accepted
        return accepted

    def _asked(self, detector: Detector, raw: bytes) -> int:
        size = len(raw)
        for _ in range(_MAX_TRIES if self._rule.pii else 1):
            if self._budget.questions < self._cost:
                self._budget.notes[f"{self._rule.id}: too many look-alikes to check each"] = None
                return len(raw) if self._rule.secret or self.hopeful else 0
            self._budget.questions -= self._cost
            if self._holds(detector, raw[:size].decode("utf-8", "replace")):
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
            self._budget.notes[f"{self._rule.id}: its check failed, {type(error).__name__}"] = None
            return True
