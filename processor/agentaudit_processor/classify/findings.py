"""Findings of one Activity: which rules were met where, each told once, with a masked excerpt."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agentaudit_processor.classify.confidence import confidence_of, explanation_of
from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.engine import TextScanner
from agentaudit_processor.classify.kept_back import NOT_SENT
from agentaudit_processor.classify.outgoing import Outgoing, one_level_up, outgoing_of
from agentaudit_processor.classify.placed import Placed, masked_text
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.classify.sheet import Sheet, Span
from agentaudit_processor.model import Activity, Effects, Fact, Finding, RiskLevel
from agentaudit_processor.redact import mask_pii, one_line, sample_of, secret_form

MAX_FINDINGS = 100
_EXCERPT_CHARS = 200
_AROUND_BYTES = 60
_SHORTEST_PERSONAL = 5
_MAIN_FIELDS = ("command", "file_path", "path", "url", "code", "sql", "query")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that was found in one Activity. Its values are in clear but for secrets."""

    activity: Activity
    """Secrets masked."""
    sheet: Sheet
    placed: Sequence[Placed]
    personal: Sequence[Placed]
    """Those of `placed`, and of rules that are switched off, that are masked in the Event."""
    deeds: Sequence[Deed]
    deed_rules: Sequence[tuple[Deed, Rule]]
    written: Sequence[tuple[str, Deed, Rule]] = ()
    """What a file that is written would do when it runs: field, Deed and Rule."""
    told: Sequence[Rule]
    """By the hook's word, in what it kept back."""
    not_covered: tuple[str, ...]

    @property
    def rules(self) -> list[Rule]:
        """The rules that were met, deed rules first, as often as they were."""
        met = [rule for _, rule in self.deed_rules] + [one.rule for one in self.placed]
        return [*met, *self.told]

    @property
    def paths(self) -> list[str]:
        """Paths that are touched."""
        return [deed.text for deed in self.deeds if deed.kind is DeedKind.TOUCH]

    @property
    def commands(self) -> list[str]:
        """Commands that are run, each without its program's folder and what starts it."""
        return [deed.text for deed in self.deeds if deed.kind is DeedKind.COMMAND]

    def without(self, rule_ids: set[str]) -> "Found":
        """The same without what those rules found; what is personal in it stays known."""
        return replace(
            self,
            placed=[one for one in self.placed if one.rule.id not in rule_ids],
            deed_rules=[(deed, rule) for deed, rule in self.deed_rules if rule.id not in rule_ids],
            written=[one for one in self.written if one[2].id not in rule_ids],
            told=[rule for rule in self.told if rule.id not in rule_ids],
        )


def findings_of(
    found: Found, effects: Effects, spans: Sequence[Span], scanner: TextScanner
) -> tuple[Finding, ...]:
    """Every Finding, masked, the gravest first. `spans`: what masks the personal data."""
    in_production = effects.environment == "prod"
    outgoing = outgoing_of(found.activity, found.deeds, effects)
    told = [
        *_of_deeds(found, scanner, in_production=in_production),
        *_of_texts(found, spans, outgoing, in_production=in_production),
        *_of_written(found, scanner),
    ]
    known = {finding.rule_id for finding in told}
    for rule in found.told:
        if rule.id not in known:
            severity = rule.in_production if in_production else rule.severity
            told.append(_finding(rule, severity, NOT_SENT, ""))
    told.sort(key=lambda finding: -finding.severity)
    return tuple(told[:MAX_FINDINGS])


def _of_deeds(found: Found, scanner: TextScanner, *, in_production: bool) -> Iterator[Finding]:
    where = _main_field(found.activity)
    # a deed joins words and makes paths whole: what was personal may not look so any more
    personal = {one.value: mask_pii(one.rule.pii or "", one.value) for one in found.personal[:200]}
    grouped: dict[tuple[str, str], Finding] = {}
    excerpts: dict[str, str] = {}
    gravest_first = sorted(found.deed_rules, key=lambda one: -one[1].severity)
    for deed, rule in gravest_first[: MAX_FINDINGS * 2]:
        excerpt = excerpts.get(deed.text)
        if excerpt is None:
            excerpt = excerpts[deed.text] = _excerpt_of_deed(deed.text[:1000], personal, scanner)
        severity = rule.in_production if in_production else rule.severity
        if deed.crude:
            severity = min(severity, RiskLevel.HIGH)
        known = grouped.get((rule.id, excerpt))
        grouped[rule.id, excerpt] = (
            replace(
                _finding(rule, severity, where, excerpt),
                confidence=confidence_of(rule, crude=deed.crude),
            )
            if known is None
            else replace(known, count=known.count + 1)
        )
    yield from grouped.values()


def _of_written(found: Found, scanner: TextScanner) -> Iterator[Finding]:
    """One Finding for each rule: worth a look, since nothing of it has run."""
    first: dict[str, Finding] = {}
    for where, deed, rule in found.written[: MAX_FINDINGS * 2]:
        known = first.get(rule.id)
        if known is None:
            excerpt = _excerpt_of_deed(deed.text[:1000], {}, scanner)
            first[rule.id] = as_written(_finding(rule, rule.severity, where, excerpt))
        else:
            first[rule.id] = replace(known, count=known.count + 1)
    yield from first.values()


def as_written(finding: Finding) -> Finding:
    """`finding` as that of a file that is written, and has not run."""
    told = f"Written to a file, not run: when it runs, this is {finding.severity.label} risk."
    return replace(
        finding,
        title=f"Written: {finding.title[:1].lower()}{finding.title[1:]}",
        severity=RiskLevel.MEDIUM,
        explanation=f"{told} {finding.explanation}",
        signal=None,
    )


def _excerpt_of_deed(text: str, personal: Mapping[str, str], scanner: TextScanner) -> str:
    masked = masked_text(scanner, text.replace("\u00a0", " "))
    for value, mask in personal.items():
        if len(value) >= _SHORTEST_PERSONAL:
            masked = masked.replace(value, mask)
    return one_line(masked, _EXCERPT_CHARS)


def _of_texts(
    found: Found, spans: Sequence[Span], outgoing: Outgoing | None, *, in_production: bool
) -> Iterator[Finding]:
    grouped: dict[tuple[str, str, str], Finding] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in found.placed:
        rule = one.rule
        key = (rule.id, one.leaf.path, one.value if rule.secret else "")
        counts[key] += 1
        if counts[key] > 1 or len(grouped) >= MAX_FINDINGS:
            continue
        severity = rule.in_production if in_production else rule.severity
        finding = _finding(rule, severity, one.leaf.path, _excerpt(one, found.sheet.text, spans))
        if one.masked is not None:
            finding = replace(finding, sample=secret_form(*one.masked), digest=one.masked[2])
        elif rule.pii:
            finding = replace(finding, sample=sample_of(rule.pii, one.value))
        if outgoing is not None and outgoing.holds(one, found.sheet.text):
            finding = replace(
                finding,
                severity=one_level_up(severity),
                explanation=f"{finding.explanation} {outgoing.why}",
            )
        grouped[key] = finding
    for key, finding in grouped.items():
        yield replace(finding, count=counts[key]) if counts[key] > 1 else finding


def _excerpt(one: Placed, text: bytes, spans: Sequence[Span]) -> str:
    """The match and its surroundings, masked."""
    start = max(one.leaf.start, one.start - _AROUND_BYTES)
    end = min(one.leaf.end, one.end + _AROUND_BYTES)
    first = max(0, bisect_left(spans, start, key=lambda span: span.start) - 1)
    last = bisect_left(spans, end, key=lambda span: span.start)
    near = [span for span in spans[first:last] if start < span.end]
    start = min([start, *(span.start for span in near)])
    end = max([end, *(span.end for span in near)])
    pieces: list[bytes] = []
    at = start
    for span in near:
        pieces += (text[at : span.start], span.by.encode())
        at = span.end
    pieces.append(text[at:end])
    return one_line(b"".join(pieces).decode("utf-8", "replace"), _EXCERPT_CHARS)


def _finding(rule: Rule, severity: RiskLevel, where: str, excerpt: str) -> Finding:
    return Finding(
        rule_id=rule.id,
        title=rule.title,
        severity=severity,
        where=where,
        excerpt=excerpt,
        explanation=explanation_of(rule),
        advice=rule.advice,
        pack=rule.pack,
        pii=rule.pii,
        secret=rule.secret,
        signal=rule.signal,
        confidence=confidence_of(rule),
        tags=rule.tags,
    )


def _main_field(activity: Activity) -> str:
    if isinstance(activity, Fact):
        return "data"
    for name in _MAIN_FIELDS:
        if name in activity.arguments:
            return f"arguments.{name}"
    return "arguments"
