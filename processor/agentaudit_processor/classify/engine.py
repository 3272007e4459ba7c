"""Find where rules match a text: one first pass tells which rules may, then each looks closer.

Every limit here is a count, never a clock: the same text gives the same matches.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from agentaudit_processor.classify.checks import LOOKS_OF_A_SECRET, Budget, Check
from agentaudit_processor.classify.columns import MAX_CELLS, Columns
from agentaudit_processor.classify.first_pass import FirstPass, first_pass
from agentaudit_processor.classify.named import Named
from agentaudit_processor.classify.patterns import Pattern, Place
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.detectors.encoded_text import TEXT_IN
from agentaudit_processor.redact import SECRET_FORM

MAX_MATCHES = 300
MAX_ADDRESSES = 480
"""Matches of one rule in one text; what follows the last of them counts as not scanned. Lists of
e-mail addresses are the usual long ones, and cheap to check."""
_CELLS_IN_VAIN = 40
"""Cells of another form, after which a rule takes the column for another thing."""
_BEFORE = 24
_COST_OF_INNER = 20
"""Questions that a look into an encoded text costs."""
_MOST_COMPILED = 128
"""Patterns at hand: some 40 KB each, at most 500. A session meets few; one hostile text may be a
candidate for a hundred, which must not push each other out."""


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
    notes: tuple[str, ...]
    """What was not looked at or could not be checked, in words."""


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
        self.rules = [rule for rule in rules if rule.matcher == "pattern"]
        self.by_secret = {rule.secret: rule for rule in reversed(self.rules) if rule.secret}
        self.first_pass: FirstPass = first_pass(
            (*(rule.trigger for rule in self.rules), SECRET_FORM)
        )
        self.secret_rules = frozenset(at for at, rule in enumerate(self.rules) if rule.secret)
        """Their places among `rules`."""
        self.compiled = lru_cache(maxsize=_MOST_COMPILED)(Pattern)
        """RE2 of a rule's pattern, made when it is needed."""

    def read(self, text: bytes) -> "Reading":
        """The Reading of `text`, nothing looked at closely yet."""
        return Reading(self, text)

    def scan(self, text: bytes) -> Scan:
        """All that is in `text`, secrets first."""
        reading = self.read(text)
        secrets, rest = reading.secrets(), reading.rest()
        return Scan(
            secrets.matches + rest.matches,
            min(secrets.stop, rest.stop),
            tuple(dict.fromkeys(secrets.notes + rest.notes)),
        )


class Reading:
    """One text, looked at in two steps: what is secret, then everything else.

    Of secrets and personal data that overlap, the one of the earlier rule is kept; the mask of a
    secret comes before all. Each step has a budget of its own: what the second one finds must not
    depend on how many secrets there were before they were masked.
    """

    def __init__(self, scanner: TextScanner, text: bytes) -> None:
        self._scanner = scanner
        self._text = text
        self._taken = _Taken()
        self._columns = Columns(text)
        candidates = sorted(scanner.first_pass.candidates(text))
        self._has_masks = bool(candidates) and candidates[-1] == len(scanner.rules)
        rules = [scanner.rules[at] for at in (candidates[:-1] if self._has_masks else candidates)]
        self._secret_rules = [rule for rule in rules if rule.secret is not None]
        self._other_rules = [rule for rule in rules if rule.secret is None]

    def secrets(self) -> Scan:
        """Secrets, in clear and masked."""
        masks = list(self._masks()) if self._has_masks else []
        found = self._scanned(self._secret_rules)
        return found._replace(matches=masks + found.matches)

    def rest(self) -> Scan:
        """Everything else; to be asked after the secrets, whose places it leaves out."""
        return self._scanned(self._other_rules)

    def _scanned(self, rules: Sequence[Rule]) -> Scan:
        stop = len(self._text)
        if not rules:
            return Scan([], stop, ())
        budget = Budget(stop)
        matches: list[Match] = []
        for rule in rules:
            claims = rule.secret is not None or rule.pii is not None
            found, scanned = self._matches(rule, Check(rule, budget), budget, claims=claims)
            stop = min(stop, scanned)
            if rule.named is not None and b"\n" in self._text:
                below, scanned = self._in_columns(rule.named, rule, Check(rule, budget), budget)
                found += below
                stop = min(stop, scanned)
            matches += [one for one in found if self._taken.take(one)] if claims else found
        return Scan(matches, stop, tuple(budget.notes))

    def _masks(self) -> Iterator[Match]:
        form, end = self._scanner.compiled(SECRET_FORM), 0
        while (found := form.find(self._text, end)) is not None:
            start, end = found[0]
            value = self._text[start:end].decode()
            _, secret, length, digest = value[1:-1].split(":")
            rule = self._scanner.by_secret.get(secret)
            if rule is not None:
                masked = (secret, int(length), digest)
                match = Match(rule=rule, start=start, end=end, value=value, masked=masked)
                if self._taken.take(match):
                    yield match

    def _matches(
        self, rule: Rule, check: Check, budget: Budget, *, claims: bool
    ) -> tuple[list[Match], int]:
        """Matches of `rule` that begin at no byte taken, and up to which byte it looked."""
        text, compiled = self._text, self._scanner.compiled
        pattern = compiled(rule.pattern)
        unless = compiled(rule.unless) if rule.unless is not None else None
        is_cheap, is_encoded = rule.pii == "email", rule.detector in TEXT_IN
        most = MAX_ADDRESSES if is_cheap else MAX_MATCHES
        matches: list[Match] = []
        at = 0
        while len(matches) < most and budget.looks > 0:
            budget.looks -= 1
            found = pattern.find(text, at)
            if found is None:
                return matches, len(text)
            start, end = _place_of(found)
            at = max(end if start < end else found[0][1], at + 1)
            if start >= end or (claims and self._taken.holds(start)):
                continue
            if unless is not None and self._is_taken_back(unless, found[0]):
                continue
            length = check.accepted(text[start:end])
            value = text[start : start + length].decode("utf-8", "replace")
            if length and is_encoded and not self._holds_secret(rule, value, budget):
                length = 0
            if length:
                matches.append(Match(rule=rule, start=start, end=start + length, value=value))
                budget.looks -= LOOKS_OF_A_SECRET if rule.secret else -1 if is_cheap else 0
            elif (border := text.find(b" ", start, end)) > start + 2:
                at = border  # a real one may begin inside: `2024 4111 1111 1111 1111`
        if pattern.find(text, at) is None:
            return matches, len(text)
        return matches, self._given_up(rule, check, budget, at)

    def _holds_secret(self, rule: Rule, value: str, budget: Budget) -> bool:
        """Tell whether the text that `value` encodes holds a secret, by any rule."""
        inner = b"text=" + TEXT_IN[rule.detector or ""](value) + b"\x00\n"
        if self._scanner.secret_rules.isdisjoint(self._scanner.first_pass.candidates(inner)):
            return False  # nearly always: no further look is worth its cost
        budget.questions -= _COST_OF_INNER
        found = self._scanner.read(inner).secrets()
        return found.stop < len(inner) or any(one.masked is None for one in found.matches)

    def _given_up(self, rule: Rule, check: Check, budget: Budget, at: int) -> int:
        """Up to which byte the text counts as scanned, where a rule stops at `at`."""
        if rule.secret is not None or (rule.pii is not None and check.hopeful):
            return at
        # the text holds many things that look like it and are not: no reason to cut it
        budget.notes[f"{rule.id}: too much that looks like it to look at all"] = None
        return len(self._text)

    def _in_columns(
        self, by_name: Named, rule: Rule, check: Check, budget: Budget
    ) -> tuple[list[Match], int]:
        """Cells of the rule's form below a head that names it, and up to which byte it looked."""
        text = self._text
        matches: list[Match] = []
        cells = self._columns.below(self._scanner.compiled(by_name.column))
        form = self._scanner.compiled(by_name.form)
        in_vain = 0
        for start, end in islice(cells, MAX_CELLS):
            if budget.looks <= 0 or in_vain > _CELLS_IN_VAIN:
                break
            budget.looks -= 1
            cell = text[start:end]
            if not form.occurs(cell):
                in_vain += 0 if matches else 1
            elif check.accepted(cell) == end - start:
                value = cell.decode("utf-8", "replace")
                matches.append(Match(rule=rule, start=start, end=end, value=value))
        if not matches:  # the head promised something else
            return matches, len(text)
        return matches, next((start for start, _ in cells), len(text))

    def _is_taken_back(self, unless: Pattern, place: Place) -> bool:
        # the name of the field often begins before the match does
        return unless.occurs(self._text[max(0, place[0] - _BEFORE) : place[1]])


def _place_of(found: Sequence[Place]) -> Place:
    """Where the first group lies that takes part in a match; all of it if none does."""
    return next((place for place in found[1:] if place[0] >= 0), found[0])
