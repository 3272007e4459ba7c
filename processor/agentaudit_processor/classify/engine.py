"""Find where rules match: one pass over the sheet tells which rules may, then each looks closer.

The first pass is one automaton over the triggers of all rules (an RE2 Set); another engine can take
its place behind `FirstPass`. No backtracking engine ever sees an agent's text: RE2 needs time in
proportion to the text's length, whatever the text.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from agentaudit_processor.classify.columns import cells_below
from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.named import Named
from agentaudit_processor.classify.rules import Rule, compiled, pattern_set
from agentaudit_processor.detectors import DETECTORS
from agentaudit_processor.redact import SECRET_FORM

MAX_MATCHES = 300
MAX_ADDRESSES = 1_000
"""Matches of one rule in one text; what follows the last of them counts as not scanned. Lists of
e-mail addresses are the usual long ones, and cheap to check."""
MAX_LOOKS = 10_000
"""Looks at one rule in one text, in vain or not."""
MAX_CELLS = 300
"""Cells that one rule looks at in one text."""
MAX_CHECKS = 1_500
_MAX_TRIES = 4
_MIN_TRIED = 11
_BEFORE = 24
_DEAR_CHECKS = {"international_phone": 20, "us_phone": 20, "wallet": 12}
"""Checks that cost 100 us to 1 ms: this many a text, then the rest is taken for what most of
those were."""


class FirstPass(Protocol):
    """Tells which triggers occur in a text."""

    def candidates(self, text: bytes) -> Iterable[int]:
        """Indices of the triggers that occur, each once."""
        ...


class Re2FirstPass:
    """A FirstPass by one RE2 automaton."""

    def __init__(self, triggers: Sequence[str]) -> None:
        self._automaton = pattern_set(triggers)

    def candidates(self, text: bytes) -> Iterable[int]:
        """Indices of the triggers that occur, each once."""
        return self._automaton.Match(text) or ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule matched these bytes of a text."""

    rule: Rule
    start: int
    end: int
    value: str
    masked: tuple[str, int, str] | None = None
    """Type, length and digest, where the text holds the mask of a secret."""


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


class TextScanner:
    """Matches the text rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [rule for rule in rules if rule.matcher == "pattern"]
        self._by_secret = {rule.secret: rule for rule in reversed(self._rules) if rule.secret}
        self._pass: FirstPass = Re2FirstPass([*(rule.trigger for rule in self._rules), SECRET_FORM])
        self._patterns: dict[str, Any] = {}

    def scan(self, text: bytes) -> tuple[list[Match], int]:
        """Matches in `text`, and up to which byte it was scanned.

        Of secrets and personal data that overlap, the one of the earlier rule is kept; the mask of
        a secret comes before all.
        """
        candidates = sorted(self._pass.candidates(text))
        if not candidates:
            return [], len(text)
        matches: list[Match] = []
        taken = _Taken()
        stop = len(text)
        if candidates[-1] == len(self._rules):
            candidates.pop()
            matches += (match for match in self._masks(text) if taken.take(match))
        for at in candidates:
            rule = self._rules[at]
            found, scanned = self._matches(rule, text)
            stop = min(stop, scanned)
            if rule.named is not None and b"\n" in text:
                below, scanned = self._in_columns(rule.named, rule, text)
                found += below
                stop = min(stop, scanned)
            if rule.secret or rule.pii:
                matches += (match for match in found if taken.take(match))
            else:
                matches += found
        return matches, stop

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

    def _matches(self, rule: Rule, text: bytes) -> tuple[list[Match], int]:
        """Matches of `rule`, and up to which byte it looked."""
        pattern = self._pattern(rule.pattern)
        groups = range(1, pattern.groups + 1)
        check = _Check(rule)
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
            if start >= end or self._is_taken_back(rule, text, found):
                continue
            length = check.accepted(text[start:end])
            if length:
                value = text[start : start + length].decode("utf-8", "replace")
                matches.append(Match(rule=rule, start=start, end=start + length, value=value))
            elif (border := text.find(b" ", start, end)) > start + 2:
                at = border  # a real one may begin inside: `2024 4111 1111 1111 1111`
        return matches, len(text) if pattern.search(text, at) is None else at

    def _in_columns(self, by_name: Named, rule: Rule, text: bytes) -> tuple[list[Match], int]:
        """Cells of the rule's form below a head that names it, and up to which byte it looked."""
        form = self._pattern(by_name.form)
        check = _Check(rule)
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


class _Check:
    """A rule's detector, with a limit to how often it is asked in one text."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._detector = DETECTORS[rule.detector] if rule.detector else None
        self._left = _DEAR_CHECKS.get(rule.detector or "", MAX_CHECKS)
        self._balance = 0

    def accepted(self, raw: bytes) -> int:
        """How many bytes of `raw` are what the rule looks for; 0 if none.

        A pattern may have run on into the next words: the last ones are left out in turn.
        """
        if self._detector is None:
            return len(raw)
        size = len(raw)
        for _ in range(_MAX_TRIES if self._rule.pii else 1):
            if self._left <= 0:
                return len(raw) if self._rule.secret or self._balance > 0 else 0
            self._left -= 1
            if self._detector(raw[:size].decode("utf-8", "replace")):
                self._balance += 1
                return size
            size = raw.rfind(b" ", 0, size)
            if size < _MIN_TRIED:
                break
        self._balance -= 1
        return 0


class DeedMatcher:
    """Matches the deed rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._unread = [rule for rule in rules if rule.matcher == "unread"]
        self._sql = [rule for rule in rules if rule.matcher == "sql"]
        self._by_kind = {
            kind: _Lines([rule for rule in rules if rule.matcher == kind.value])
            for kind in _PATTERNED
        }

    def rules_for(self, deed: Deed) -> Iterator[Rule]:
        """The rules that `deed` matches."""
        if deed.kind is DeedKind.UNREAD:
            yield from self._unread
        elif deed.kind is DeedKind.SQL:
            yield from (rule for rule in self._sql if deed.verb in rule.verbs)
        else:
            yield from self._by_kind[deed.kind].matching(deed)


_PATTERNED = (
    DeedKind.COMMAND,
    DeedKind.PIPELINE,
    DeedKind.TOUCH,
    DeedKind.CODE,
    DeedKind.VISIT,
)


class _Lines:
    """The rules of one kind of Deed, behind one automaton."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        # an empty pattern matches everywhere: a rule that asks for a scope alone
        self._pass = Re2FirstPass([rule.pattern for rule in rules]) if rules else None
        self._unless = {rule.id: compiled(rule.unless) for rule in rules if rule.unless}

    def matching(self, deed: Deed) -> Iterator[Rule]:
        if self._pass is None:
            return
        text = deed.text
        if deed.kind is DeedKind.VISIT:
            text = f"{deed.verb} {text}"
        line = text.encode("utf-8", "replace")
        for at in sorted(self._pass.candidates(line)):
            rule = self._rules[at]
            if rule.access and deed.access not in rule.access:
                continue
            if rule.scope and deed.scope not in rule.scope:
                continue
            unless = self._unless.get(rule.id)
            if unless is None or unless.search(line) is None:
                yield rule
