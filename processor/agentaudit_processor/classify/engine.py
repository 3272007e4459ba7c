"""Find where rules match a text: one first pass tells which rules may, then each looks closer.

Every limit here is a count, never a clock: the same text gives the same matches.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from agentaudit_processor.classify.checks import Check, Checks
from agentaudit_processor.classify.columns import cells_below
from agentaudit_processor.classify.first_pass import FirstPass, first_pass
from agentaudit_processor.classify.named import Named
from agentaudit_processor.classify.rules import Rule, compiled
from agentaudit_processor.redact import SECRET_FORM

MAX_MATCHES = 300
MAX_ADDRESSES = 1_000
"""Matches of one rule in one text; what follows the last of them counts as not scanned. Lists of
e-mail addresses are the usual long ones, and cheap to check."""
MAX_LOOKS = 10_000
"""Looks at one rule in one text, in vain or not."""
MAX_CELLS = 300
"""Cells that one rule looks at in one text."""
_BEFORE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule matched these bytes of a text."""

    rule: Rule
    start: int
    end: int
    value: str
    masked: tuple[str, int, str] | None = None
    """Type, length and digest, where the text holds the mask of a secret."""


class Scan(NamedTuple):
    """What was found in a text."""

    matches: list[Match]
    stop: int
    """Up to which byte it was scanned."""
    notes: Sequence[str] = ()
    """What could not be checked, in words."""


class _Taken:
    """Which bytes are claimed already: sorted spans, apart from each other."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, match: Match) -> bool:
        """Claim the bytes of `match`; False if any of them is claimed already."""
        at = bisect_left(self._starts, match.end)
        if at > 0 and self._ends[at - 1] > match.start:
            return False
        self._starts.insert(at, match.start)
        self._ends.insert(at, match.end)
        return True

    def holds(self, position: int) -> bool:
        """Tell whether the byte at `position` is claimed."""
        at = bisect_left(self._starts, position + 1)
        return at > 0 and self._ends[at - 1] > position


class TextScanner:
    """Matches the text rules; of several, earlier rules come before later ones."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [rule for rule in rules if rule.matcher == "pattern"]
        self._by_secret = {rule.secret: rule for rule in reversed(self._rules) if rule.secret}
        self.first_pass: FirstPass = first_pass(
            (*(rule.trigger for rule in self._rules), SECRET_FORM)
        )
        self._patterns: dict[str, Any] = {}

    def scan(self, text: bytes) -> Scan:
        """What is in `text`.

        Of secrets and personal data that overlap, the one of the earlier rule is kept; the mask of
        a secret comes before all.
        """
        candidates = sorted(self.first_pass.candidates(text))
        if not candidates:
            return Scan([], len(text))
        matches: list[Match] = []
        taken = _Taken()
        checks = Checks(len(text))
        stop = len(text)
        if candidates[-1] == len(self._rules):
            candidates.pop()
            matches += (match for match in self._masks(text) if taken.take(match))
        for at in candidates:
            rule = self._rules[at]
            claims = rule.secret is not None or rule.pii is not None
            check = checks.of(rule)
            found, scanned = self._matches(rule, text, check, taken if claims else _Taken())
            stop = min(stop, scanned)
            if rule.named is not None and b"\n" in text:
                below, scanned = self._in_columns(rule.named, rule, text, checks.of(rule))
                found += below
                stop = min(stop, scanned)
            matches += [match for match in found if taken.take(match)] if claims else found
        return Scan(matches, stop, tuple(checks.notes))

    def _masks(self, text: bytes) -> Iterator[Match]:
        for found in self._pattern(SECRET_FORM).finditer(text):
            secret, length, digest = (group.decode() for group in found.groups())
            rule = self._by_secret.get(secret)
            if rule is not None:
                yield Match(
                    rule=rule,
                    start=found.start(),
                    end=found.end(),
                    value=found.group().decode(),
                    masked=(secret, int(length), digest),
                )

    def _matches(
        self, rule: Rule, text: bytes, check: Check, taken: _Taken
    ) -> tuple[list[Match], int]:
        """Matches of `rule` that begin at no byte `taken`, and up to which byte it looked."""
        pattern = self._pattern(rule.pattern)
        groups = range(1, pattern.groups + 1)
        most = MAX_ADDRESSES if rule.pii == "email" else MAX_MATCHES
        matches: list[Match] = []
        at = 0
        for _ in range(MAX_LOOKS):
            if len(matches) >= most:
                break
            found = pattern.search(text, at)
            if found is None:
                return matches, len(text)
            spans = [span for group in groups if (span := found.span(group))[0] >= 0]
            start, end = spans[0] if spans else found.span()
            at = max(end if start < end else found.end(), at + 1)
            if start >= end or taken.holds(start) or self._is_taken_back(rule, text, found):
                continue
            length = check.accepted(text[start:end])
            if length:
                value = text[start : start + length].decode("utf-8", "replace")
                matches.append(Match(rule=rule, start=start, end=start + length, value=value))
            elif (border := text.find(b" ", start, end)) > start + 2:
                at = border  # a real one may begin inside: `2024 4111 1111 1111 1111`
        return matches, len(text) if pattern.search(text, at) is None else at

    def _in_columns(
        self, by_name: Named, rule: Rule, text: bytes, check: Check
    ) -> tuple[list[Match], int]:
        """Cells of the rule's form below a head that names it, and up to which byte it looked."""
        form = self._pattern(by_name.form)
        matches: list[Match] = []
        cells = cells_below(self._pattern(by_name.column), text)
        for start, end in islice(cells, MAX_CELLS):
            if form.search(text[start:end]) and check.accepted(text[start:end]) == end - start:
                value = text[start:end].decode("utf-8", "replace")
                matches.append(Match(rule=rule, start=start, end=end, value=value))
        if not matches:  # the head promised something else
            return matches, len(text)
        return matches, next((start for start, _ in cells), len(text))

    def _is_taken_back(self, rule: Rule, text: bytes, found: Any) -> bool:
        if rule.unless is None:
            return False
        # the name of the field often begins before the match does
        around = text[max(0, found.start() - _BEFORE) : found.end()]
        return self._pattern(rule.unless).search(around) is not None

    def _pattern(self, pattern: str) -> Any:
        known = self._patterns.get(pattern)
        if known is None:
            known = self._patterns[pattern] = compiled(pattern)
        return known
