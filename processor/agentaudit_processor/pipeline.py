"""Judge: Activity -> Examination -> AuditEvent. The one way to a verdict, in hook and processor.

Pure: no clock and no I/O in `examine` and what follows it. Secrets are masked first and everything
else is read from the masked text, so that the processor, which only ever sees what the hook masked,
comes to the same findings and the same verdict.
"""

import threading
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from agentaudit_processor.classify.controls import Controls
from agentaudit_processor.classify.doings import Doing, Doings
from agentaudit_processor.classify.engine import Match, Reading, TextScanner
from agentaudit_processor.classify.findings import Found
from agentaudit_processor.classify.kept_back import notes_on, told_rules
from agentaudit_processor.classify.only_said import without_said
from agentaudit_processor.classify.packs import Packs, load_packs
from agentaudit_processor.classify.padding import without_padding
from agentaudit_processor.classify.placed import (
    cut,
    is_own,
    masked_text,
    own_names,
    place,
    secret_spans,
)
from agentaudit_processor.classify.sheet import Head, Laid, Sheet, head_of, head_values
from agentaudit_processor.examination import Examination
from agentaudit_processor.model import Activity

_MAX_ROUNDS = 4
_SPEED_UP_AFTER_S = 5.0


class Judge:
    """Packs and controls, loaded once a process; every method may be called from any thread."""

    def __init__(self, packs: Packs, controls: Controls) -> None:
        self.packs = packs
        self.controls = controls
        self.scanner = TextScanner(packs.rules)
        self._doings = Doings(packs.rules)
        self._is_plain = lru_cache(maxsize=1024)(self._holds_nothing)
        self._rules = {rule.id: rule for rule in packs.rules}
        self._first_passes = (self.scanner.first_pass, *self._doings.first_passes)

    @classmethod
    def load(cls) -> "Judge":
        """Read packs and controls from the package.

        Raises:
            RuleError: a pack is not right; the text names file and line.
        """
        return cls(load_packs(), Controls())

    @property
    def is_swift(self) -> bool:
        """True where `speed_up` has nothing left to do."""
        return all(one.is_swift for one in self._first_passes)

    def speed_up(self) -> None:
        """Compile what makes judging faster and is not kept from before; takes seconds, once."""
        for one in self._first_passes:
            one.speed_up()

    def speed_up_soon(self) -> None:
        """Have `speed_up` done beside the work, once the first calls have had their answers.

        For processes that last; one that ends before leaves nothing behind.
        """
        if not self.is_swift:
            timer = threading.Timer(_SPEED_UP_AFTER_S, self.speed_up)
            timer.daemon = True
            timer.start()

    def examine(self, activity: Activity, *, digest_key: bytes = b"") -> Examination:
        """Find what there is to find. Never raises, whatever the agent wrote."""
        return self.examine_all((activity,), digest_key=digest_key)[0]

    def examine_all(
        self, activities: Iterable[Activity], *, digest_key: bytes = b""
    ) -> list[Examination]:
        """`examine` each, in step: what a step needs of code and tables is still in the CPU's cache
        for the next Activity. One after the other they would take half as long again.
        """
        laid = [self._laid(activity) for activity in activities]
        bare = [self._without_secrets(one, digest_key) for one in laid]
        doings = [self._doings.of(one.activity) for one in bare]
        return [self._examination(one, doing) for one, doing in zip(bare, doings, strict=True)]

    def masked_text(self, text: str) -> str:
        """`text` with what is secret or personal in it masked."""
        return masked_text(self.scanner, text)

    def _laid(self, activity: Activity) -> "_Laid":
        notes: dict[str, None] = dict.fromkeys(self.packs.left_out)
        activity = without_padding(activity, notes)
        with_head = not self._is_plain(head_of(activity))
        sheet = Sheet(activity, with_head=with_head)
        return _Laid(activity, with_head, sheet, self.scanner.read(sheet.text), notes)

    def _without_secrets(self, laid: "_Laid", key: bytes) -> "_Bare":
        """Mask secrets until none is found in clear: masking one may bare another.

        What is not a secret is looked for once there is none left.
        """
        activity, with_head, sheet, reading, notes = laid
        for round_ in range(_MAX_ROUNDS):
            notes |= dict.fromkeys(sheet.not_covered)
            matches, stop, said = reading.secrets()
            spans = secret_spans(sheet, matches, key, whole=round_ == _MAX_ROUNDS - 1)
            if not spans and stop == len(sheet.text) and not sheet.not_covered:
                rest, stop, more = reading.rest()
                matches, said = matches + rest, said + more
            notes |= dict.fromkeys(said)
            if stop < len(sheet.text):
                notes[f"text after {stop:,} bytes: too many look-alikes to check"] = None
                spans = cut(sheet, spans, stop)
            elif not spans and not sheet.not_covered:
                return _Bare(activity, sheet, matches, notes)
            activity = sheet.rewrite(spans)
            sheet = Sheet(activity, with_head=with_head)
            reading = self.scanner.read(sheet.text)
        return _Bare(activity, sheet, self.scanner.scan(sheet.text).matches, notes)

    def _examination(self, bare: "_Bare", doing: Doing) -> Examination:
        masked, sheet, matches, notes = bare
        own = own_names(masked.actor)
        placed = [one for match in matches if (one := place(sheet, match, masked, own))]
        placed = without_said(placed, masked, doing.deeds)
        found = Found(
            activity=masked,
            sheet=sheet,
            placed=placed,
            personal=[one for one in placed if one.rule.pii],
            deeds=doing.deeds,
            deed_rules=doing.deed_rules,
            written=doing.written,
            told=told_rules(masked, self._rules),
            not_covered=(*notes_on(masked), *dict.fromkeys((*notes, *doing.notes))),
        )
        return Examination(
            found,
            scanner=self.scanner,
            controls=self.controls,
            packs_version=self.packs.version,
        )

    def _holds_nothing(self, head: Head) -> bool:
        """Tell whether there is nothing to be found in `head` but who acted."""
        laid = Laid(head_values(head))
        matches, stop, notes = self.scanner.scan(laid.text)
        own = own_names(head.actor)
        return (
            stop == len(laid.text)
            and not notes
            and not laid.not_covered
            and all((leaf := laid.leaf_at(one.start)) and is_own(one, leaf, own) for one in matches)
        )


class _Laid(NamedTuple):
    """An Activity whose texts lie on a sheet that is read."""

    activity: Activity
    with_head: bool
    sheet: Sheet
    reading: Reading
    notes: dict[str, None]


class _Bare(NamedTuple):
    """An Activity without secrets, and what is found in it."""

    activity: Activity
    sheet: Sheet
    matches: list[Match]
    notes: dict[str, None]
