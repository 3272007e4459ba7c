"""Judge: Activity -> Examination -> AuditEvent. The one way to a verdict, in hook and processor.

Pure: no clock and no I/O in `examine` and what follows it. Secrets are masked first and everything
else is read from the masked text, so that the processor, which only ever sees what the hook masked,
comes to the same findings and the same verdict.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agentaudit_processor.classify.answers import answer_to
from agentaudit_processor.classify.controls import Controls
from agentaudit_processor.classify.deed_rules import DeedMatcher
from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.effects import effects_of
from agentaudit_processor.classify.engine import Match, TextScanner
from agentaudit_processor.classify.policy import judge, level_of
from agentaudit_processor.classify.read import deeds_of
from agentaudit_processor.classify.rules import Packs, Rule, load_packs
from agentaudit_processor.classify.sheet import Leaf, Sheet, Span
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import (
    Activity,
    AuditEvent,
    Decision,
    Effects,
    EventKind,
    Fact,
    Finding,
    RiskLevel,
    ToolCall,
    Verdict,
)
from agentaudit_processor.policy import Answer, Policy
from agentaudit_processor.redact import digest_of, mask_pii, one_line, secret_form
from agentaudit_processor.summary import summary_of

MAX_FINDINGS = 100
_MAX_ROUNDS = 4
_EXCERPT_CHARS = 200
_AROUND_BYTES = 60
_SPEED_UP_AFTER_S = 5.0


class Judge:
    """Packs and controls, loaded once a process; every method may be called from any thread."""

    def __init__(self, packs: Packs, controls: Controls) -> None:
        self.packs = packs
        self.controls = controls
        self.scanner = TextScanner(packs.rules)
        self.deed_matcher = DeedMatcher(packs.rules)
        self._first_passes = (self.scanner.first_pass, *self.deed_matcher.first_passes)

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

    def examine(self, activity: Activity, *, digest_key: bytes = b"") -> "Examination":
        """Find what there is to find. Never raises, whatever the agent wrote."""
        masked, sheet, matches, not_covered = self._without_secrets(activity, digest_key)
        deeds = deeds_of(masked)
        deed_rules = [(deed, rule) for deed in deeds for rule in self._rules_for(deed, masked)]
        text_rules = [
            placed for match in matches if (placed := _place(sheet, match, masked)) is not None
        ]
        return Examination(
            judge_=self,
            activity=masked,
            sheet=sheet,
            placed=text_rules,
            personal=[placed for placed in text_rules if placed.rule.pii],
            deeds=deeds,
            deed_rules=deed_rules,
            not_covered=not_covered,
        )

    def masked_text(self, text: str) -> str:
        """`text` with what is secret or personal in it masked."""
        raw = text.encode("utf-8", "replace")
        matches, stop, _ = self.scanner.scan(raw)
        pieces: list[bytes] = []
        at = 0
        for match in sorted(matches, key=lambda one: one.start):
            if (match.rule.secret or match.rule.pii) and match.masked is None:
                pieces += (raw[at : match.start], _mask(match, b"").encode())
                at = match.end
        pieces.append(raw[at : max(at, stop)])
        return b"".join(pieces).decode("utf-8", "replace")

    def _rules_for(self, deed: Deed, activity: Activity) -> Iterator[Rule]:
        for rule in self.deed_matcher.rules_for(deed):
            if not rule.actions or activity.action in rule.actions:
                yield rule

    def _without_secrets(
        self, activity: Activity, key: bytes
    ) -> tuple[Activity, Sheet, list[Match], tuple[str, ...]]:
        """Mask secrets until a scan finds none in clear: masking one may bare another."""
        sheet = Sheet(activity)
        not_covered = dict.fromkeys(sheet.not_covered)
        for round_ in range(_MAX_ROUNDS):
            matches, stop, notes = self.scanner.scan(sheet.text)
            spans = _secret_spans(sheet, matches, key, whole=round_ == _MAX_ROUNDS - 1)
            not_covered |= dict.fromkeys(notes)
            if stop < len(sheet.text):
                not_covered[f"text after {stop:,} bytes: too many look-alikes to check"] = None
                spans = _cut(sheet, spans, stop)
            if not spans and not sheet.not_covered:
                return activity, sheet, matches, tuple(not_covered)
            activity = sheet.rewrite(spans)
            sheet = Sheet(activity)
        matches, _, _ = self.scanner.scan(sheet.text)
        return activity, sheet, matches, tuple(not_covered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A Match and the Leaf that it lies in."""

    rule: Rule
    leaf: Leaf
    start: int
    end: int
    value: str
    masked: tuple[str, int, str] | None


class Examination:
    """What was found in one Activity. Its values are in clear but for secrets: do not log it."""

    def __init__(
        self,
        *,
        judge_: Judge,
        activity: Activity,
        sheet: Sheet,
        placed: Sequence[_Placed],
        personal: Sequence[_Placed],
        deeds: Sequence[Deed],
        deed_rules: Sequence[tuple[Deed, Rule]],
        not_covered: tuple[str, ...],
    ) -> None:
        self._judge = judge_
        self._activity = activity
        self._sheet = sheet
        self._placed = placed
        self._personal = personal
        self._deeds = deeds
        self._deed_rules = deed_rules
        self.not_covered = not_covered
        self._met = [rule for _, rule in deed_rules] + [one.rule for one in placed]
        self.effects: Effects = effects_of(activity, deeds, self._met)

    def without_secrets(self) -> Activity:
        """The Activity with secrets masked and all else as it was: what the hook may send."""
        return self._activity

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every Finding, masked, the gravest first."""
        found = [*self._deed_findings(), *self._text_findings()]
        found.sort(key=lambda finding: -finding.severity)
        return tuple(found[:MAX_FINDINGS])

    @property
    def risk_level(self) -> RiskLevel:
        """The highest severity found."""
        return level_of(self.findings)

    def under(self, policy: Policy) -> "Examination":
        """This Examination without the findings of rules that `policy` switches off.

        What those rules know to be personal or secret stays masked.
        """
        off = {name for name, answer in policy.rule_answers.items() if answer is Answer.OFF}
        if off.isdisjoint(rule.id for rule in self._met):
            return self
        return Examination(
            judge_=self._judge,
            activity=self._activity,
            sheet=self._sheet,
            placed=[one for one in self._placed if one.rule.id not in off],
            personal=self._personal,
            deeds=self._deeds,
            deed_rules=[(deed, rule) for deed, rule in self._deed_rules if rule.id not in off],
            not_covered=self.not_covered,
        )

    def verdict(self, policy: Policy) -> Verdict:
        """The Verdict under `policy`."""
        switched = self.under(policy)
        if switched is not self:
            return switched.verdict(policy)
        return judge(
            self._activity,
            self.findings,
            self.effects,
            policy,
            packs_version=self._judge.packs.version,
            not_covered=self.not_covered,
            paths=self._paths,
        )

    def event(self, policy: Policy) -> AuditEvent:
        """The AuditEvent under `policy`: every value masked, verdict and controls given."""
        switched = self.under(policy)
        if switched is not self:
            return switched.event(policy)
        activity = self._sheet.rewrite(self._pii_spans)
        verdict = self.verdict(policy)
        return AuditEvent(
            event_id=event_id_of(activity.session_id, _own_id(activity)),
            kind=activity.kind if isinstance(activity, Fact) else EventKind.TOOL_CALL,
            activity=activity,
            findings=self.findings,
            effects=self.effects,
            verdict=verdict,
            controls=self._judge.controls.hits(
                activity, self.findings, self.effects, verdict, policy.frameworks
            ),
            summary=summary_of(activity),
            verdict_differs=self._differs(policy),
        )

    def _differs(self, policy: Policy) -> bool:
        call = self._activity
        if not isinstance(call, ToolCall) or call.client_verdict is None:
            return False
        theirs = call.client_verdict
        # the hook judged the request; what came back since may have raised the level
        asked = [f for f in self.findings if not f.where.startswith(_OUTPUT_FIELDS)]
        levels = (level_of(asked), self.risk_level)
        if theirs.risk_level is not None and theirs.risk_level not in levels:
            return True
        if theirs.decision is Decision.OBSERVE:
            return False
        same_policy = theirs.policy_version == str(policy.version)
        return same_policy and theirs.decision not in [
            answer_to(call, found, policy, self._paths).decision for found in (asked, self.findings)
        ]

    @property
    def _paths(self) -> list[str]:
        return [deed.text for deed in self._deeds if deed.kind is DeedKind.TOUCH]

    @cached_property
    def _pii_spans(self) -> list[Span]:
        return [
            Span(start=one.start, end=one.end, by=mask_pii(one.rule.pii or "", one.value))
            for one in sorted(self._personal, key=lambda one: one.start)
        ]

    def _severity(self, rule: Rule) -> RiskLevel:
        return rule.in_production if self.effects.environment == "prod" else rule.severity

    def _deed_findings(self) -> Iterator[Finding]:
        where = _main_field(self._activity)
        grouped: dict[tuple[str, str], Finding] = {}
        for deed, rule in self._deed_rules[: MAX_FINDINGS * 2]:
            text = deed.text.replace("\u00a0", " ")
            excerpt = one_line(self._judge.masked_text(text[:1000]), _EXCERPT_CHARS)
            severity = self._severity(rule)
            if deed.crude:
                severity = min(severity, RiskLevel.HIGH)
            known = grouped.get((rule.id, excerpt))
            if known is not None:
                grouped[rule.id, excerpt] = replace(known, count=known.count + 1)
            else:
                grouped[rule.id, excerpt] = _finding(rule, severity, where, excerpt)
        yield from grouped.values()

    def _text_findings(self) -> Iterator[Finding]:
        grouped: dict[tuple[str, str, str], Finding] = {}
        counts: Counter[tuple[str, str, str]] = Counter()
        for one in self._placed:
            key = (one.rule.id, one.leaf.path, one.value if one.rule.secret else "")
            counts[key] += 1
            if counts[key] > 1 or len(grouped) >= MAX_FINDINGS:
                continue
            found = _finding(one.rule, self._severity(one.rule), one.leaf.path, self._excerpt(one))
            if one.masked is not None:
                found = replace(found, sample=secret_form(*one.masked), digest=one.masked[2])
            elif one.rule.pii:
                found = replace(found, sample=mask_pii(one.rule.pii, one.value))
            grouped[key] = found
        for key, found in grouped.items():
            yield replace(found, count=counts[key]) if counts[key] > 1 else found

    def _excerpt(self, one: _Placed) -> str:
        """The match and its surroundings, masked."""
        start = max(one.leaf.start, one.start - _AROUND_BYTES)
        end = min(one.leaf.end, one.end + _AROUND_BYTES)
        near = [span for span in self._pii_spans if span.start < end and start < span.end]
        start = min([start, *(span.start for span in near)])
        end = max([end, *(span.end for span in near)])
        text, at = self._sheet.text, start
        pieces: list[bytes] = []
        for span in near:
            pieces += (text[at : span.start], span.by.encode())
            at = span.end
        pieces.append(text[at:end])
        return one_line(b"".join(pieces).decode("utf-8", "replace"), _EXCERPT_CHARS)


_OUTPUT_FIELDS = ("result", "error_message")


def _place(sheet: Sheet, match: Match, activity: Activity) -> _Placed | None:
    """Where `match` lies, clipped to its Leaf; None if it does not count there."""
    leaf = sheet.leaf_at(match.start)
    if leaf is None or match.end <= leaf.start or leaf.side not in match.rule.sides:
        return None
    if match.rule.actions and activity.action not in match.rule.actions:
        return None
    if match.rule.pii and leaf.path.startswith("actor."):
        return None  # who acted is attribution, not what was found
    if match.rule.pii in _OWN_TYPES and match.value.casefold() in _own_names(activity):
        return None
    start, end, value = max(match.start, leaf.start), min(match.end, leaf.end), match.value
    if (start, end) != (match.start, match.end):
        value = sheet.text[start:end].decode("utf-8", "replace")
    return _Placed(
        rule=match.rule, leaf=leaf, start=start, end=end, value=value, masked=match.masked
    )


_OWN_TYPES = ("email", "person_name", "username")


def _own_names(activity: Activity) -> set[str]:
    actor = activity.actor
    return {name.casefold() for name in (actor.user_email, actor.user_name) if name}


def _secret_spans(sheet: Sheet, matches: Sequence[Match], key: bytes, *, whole: bool) -> list[Span]:
    """What to put in the place of secrets in clear; `whole` leaves, where rounds did not help."""
    spans: dict[int, Span] = {}
    for match in matches:
        if match.rule.secret is None or match.masked is not None:
            continue
        leaf = sheet.leaf_at(match.start)
        if leaf is None or match.end <= leaf.start or leaf.side not in match.rule.sides:
            continue
        start, end = max(match.start, leaf.start), min(match.end, leaf.end)
        if whole:
            start, end = leaf.start, leaf.end
            spans[start] = Span(start=start, end=end, by="[masked whole: secrets in secrets]")
            continue
        value = sheet.text[start:end].decode("utf-8", "replace")
        by = secret_form(match.rule.secret, len(value), digest_of(value, key))
        spans[start] = Span(start=start, end=end, by=by)
    return [spans[start] for start in sorted(spans)]


def _cut(sheet: Sheet, spans: Sequence[Span], stop: int) -> list[Span]:
    """`spans` before `stop`, and a note in the place of all text behind it."""
    kept = [span for span in spans if span.end <= stop]
    for leaf in sheet.leaves:
        start = max(leaf.start, stop)
        if start < leaf.end:
            kept.append(Span(start=start, end=leaf.end, by=f"[{leaf.end - start} bytes cut]"))
    return kept


def _mask(match: Match, key: bytes) -> str:
    if match.rule.secret:
        digest = digest_of(match.value, key)
        return secret_form(match.rule.secret, len(match.value), digest)
    return mask_pii(match.rule.pii or "", match.value)


def _finding(rule: Rule, severity: RiskLevel, where: str, excerpt: str) -> Finding:
    return Finding(
        rule_id=rule.id,
        title=rule.title,
        severity=severity,
        where=where,
        excerpt=excerpt,
        explanation=rule.why,
        advice=rule.advice,
        pack=rule.pack,
        pii=rule.pii,
        secret=rule.secret,
        signal=rule.signal,
        tags=rule.tags,
    )


def _own_id(activity: Activity) -> str:
    return activity.fact_id if isinstance(activity, Fact) else activity.call_id


def _main_field(activity: Activity) -> str:
    if isinstance(activity, Fact):
        return "data"
    for name in ("command", "file_path", "path", "url", "code", "sql", "query"):
        if name in activity.arguments:
            return f"arguments.{name}"
    return "arguments"
