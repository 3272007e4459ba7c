"""What a report says: one frozen object, from which the PDF and its evidence file are made."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from hashlib import sha256
from types import UnionType
from typing import Any, Final

from agentaudit_backend.reports.changes import Changes, changes_of
from agentaudit_backend.reports.coverage import FrameworkChapter, chapters_of
from agentaudit_backend.reports.keeping import Keeping, keeping_of
from agentaudit_backend.reports.oversight import Oversight, oversight_of
from agentaudit_backend.reports.period import Period, answer_in_words, controls_of, figures_of
from agentaudit_backend.reports.population import Population, population_of
from agentaudit_backend.reports.pseudonyms import names_of, under_pseudonyms
from agentaudit_backend.reports.readers import Readers, readers_of
from agentaudit_backend.reports.register import Register, register_of
from agentaudit_backend.reports.sample import Sample, draw
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.reading.crossings import Crossings
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.views import ControlCount, EventRow, Stats, Tally
from agentaudit_backend.templates.text import iso
from agentaudit_processor.classify.period_controls import PeriodControl, PeriodFigures
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import Policy

REASONS = 3
"""Sentences told for one Event; the rest is on its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEvent:
    """One risky Event with its details."""

    row: EventRow
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    controls: tuple[str, ...]
    """`GDPR Art. 32(1)(b) (attention)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is printed. `since` None: from the first Event on."""

    report_id: str
    organisation: str
    scope: str
    """The filter in words."""
    since: datetime | None
    until: datetime
    made_at: datetime
    made_by: str
    stats: Stats
    policy: Policy
    packs: str
    top_events: tuple[ReportEvent, ...]
    figures: PeriodFigures
    """Of the whole organisation in the period, whatever the filter."""
    period_controls: tuple[PeriodControl, ...]
    before: Tally | None
    """The period of the same length before; None where the report has no beginning."""
    population: Population
    crossings: Crossings
    oversight: Oversight
    changes: Changes
    register: Register
    chapters: tuple[FrameworkChapter, ...]
    keeping: Keeping
    readers: Readers
    sample: Sample
    is_demo: bool
    """Demonstration data may be among it."""
    has_pseudonyms: bool
    """People and hosts are named by such."""

    @property
    def on_period(self) -> tuple[tuple[str, tuple[tuple[PeriodControl, str], ...]], ...]:
        """Controls on the whole period, each with its answer in words, by framework."""
        found: dict[str, list[tuple[PeriodControl, str]]] = {}
        for control in self.period_controls:
            name = framework_name(control.hit.framework)
            found.setdefault(name, []).append((control, answer_in_words(control)))
        return tuple((name, tuple(each)) for name, each in found.items())

    @property
    def evidence(self) -> bytes:
        """Every figure as canonical JSON; attached to the PDF."""
        plain = _plain(self)
        return json.dumps(plain, ensure_ascii=False, sort_keys=True, indent=1).encode()

    @property
    def evidence_sha256(self) -> str:
        """Lowercase hex; printed on every page."""
        return sha256(self.evidence).hexdigest()


def by_framework(
    controls: tuple[ControlCount, ...],
) -> tuple[tuple[str, tuple[ControlCount, ...]], ...]:
    """The controls grouped by their framework's name, in the order given."""
    found: dict[str, list[ControlCount]] = {}
    for control in controls:
        found.setdefault(framework_name(control.framework), []).append(control)
    return tuple((name, tuple(each)) for name, each in found.items())


def framework_name(framework_id: str) -> str:
    """`soc2` as its publisher writes it; an unknown id stands for itself."""
    return framework_names().get(framework_id, framework_id)


@cache
def framework_names() -> Mapping[str, str]:
    """Id -> name of every framework that we can map to."""
    return {
        each["id"]: f"{_SHORT[each['id']]}, {each['name']}"
        if each["id"] in _SHORT
        else each["name"]
        for each in load_frameworks()["frameworks"]
    }


def short_name(framework_id: str) -> str:
    """What people call it, before the number of a control: `GDPR`, `SOC 2`."""
    return _SHORT.get(framework_id) or _SHORT_ENOUGH.get(framework_id, framework_id)


_SHORT: Final[Mapping[str, str]] = {
    "gdpr": "GDPR",
    "eu_ai_act": "EU AI Act",
    "iso_42001": "ISO/IEC 42001",
    "iso_27001": "ISO/IEC 27001",
    "nist_800_53": "NIST SP 800-53",
    "nist_800_92": "NIST SP 800-92",
    "pci_dss": "PCI DSS",
    "dora": "DORA",
}
_SHORT_ENOUGH: Final[Mapping[str, str]] = {
    "soc2": "SOC 2",
    "nist_ai_rmf": "NIST AI RMF",
    "hipaa_security": "HIPAA",
    "nis2": "NIS 2",
    "owasp_asi": "OWASP ASI",
    "owasp_llm": "OWASP LLM",
    "mitre_atlas": "MITRE ATLAS",
    "mitre_attack": "MITRE ATT&CK",
}


def new_report_id(at: datetime) -> str:
    """A name for one report: on its pages, in the record of it."""
    return f"AA-{at:%Y%m%d}-{secrets.token_hex(3).upper()}"


def make_report(
    store: Store,
    organization_id: int,
    where: EventFilter,
    *,
    report_id: str,
    organisation: str,
    scope: str,
    made_at: datetime,
    made_by: str,
    policy: Policy,
    packs: str,
    pseudonyms: bool = False,
) -> Report:
    """Read the figures and the riskiest Events of the filter.

    An open end of the period is closed at `made_at`, so that the report says until when.

    Args:
        pseudonyms: whether people and hosts are named by such.
    """
    whole = replace(where, until=where.until or made_at)
    closed = store.narrowed(organization_id, whole)
    period = Period(since=where.since, until=closed.until or made_at)
    figures = figures_of(store, organization_id, period, policy, made_at)
    stats = store.stats(organization_id, closed)
    crossings = store.crossings(organization_id, closed)
    answers = store.approvals.answered(organization_id, period.since, period.until)
    population = population_of(store, organization_id, closed, period.until)
    versions = store.policy_versions(organization_id)
    keys = store.list_keys(organization_id)
    report = Report(
        report_id=report_id,
        organisation=organisation,
        scope=scope,
        since=where.since,
        until=period.until,
        made_at=made_at,
        made_by=made_by,
        stats=stats,
        policy=policy,
        packs=packs,
        top_events=_detailed(store, organization_id, stats.top_events),
        figures=figures,
        period_controls=controls_of(figures, policy, period.until),
        before=_before(store, organization_id, whole),
        population=population,
        crossings=crossings,
        oversight=oversight_of(answers, crossings.risk_by_decision),
        changes=changes_of(store, organization_id, versions, period),
        register=register_of(store, store.reviews, organization_id, closed, made_at),
        chapters=chapters_of(store, organization_id, closed, stats.controls, policy.frameworks),
        keeping=keeping_of(store, organization_id, policy, period),
        readers=readers_of(store, organization_id, keys, period, made_at),
        sample=draw(store, organization_id, closed, population.ledger, report_id),
        is_demo=store.has_demo(organization_id),
        has_pseudonyms=pseudonyms,
    )
    if not pseudonyms:
        return report
    people = [made_by, *(key.name for key in keys), *(each.author for each in versions)]
    everybody = names_of(store, organization_id, period.filter(), people)
    return under_pseudonyms(report, everybody, policy.digest_key)


def _before(store: Queries, organization_id: int, where: EventFilter) -> Tally | None:
    if where.since is None or where.until is None:
        return None
    try:
        since = where.since - (where.until - where.since)
    except OverflowError:
        return None
    return store.tally(organization_id, replace(where, since=since, until=where.since))


def _detailed(
    store: Queries, organization_id: int, rows: Sequence[EventRow]
) -> tuple[ReportEvent, ...]:
    return tuple(
        _with_details(store, organization_id, row) for row in rows if row.risk >= RiskLevel.MEDIUM
    )


def _with_details(store: Queries, organization_id: int, row: EventRow) -> ReportEvent:
    event = store.event(organization_id, row.event_id)
    if event is None:  # removed by retention between the two reads
        return ReportEvent(row=row, reasons=(row.reason,), rules=(), controls=())
    return ReportEvent(
        row=row,
        reasons=event.verdict.reasons[:REASONS],
        rules=tuple(dict.fromkeys(finding.rule_id for finding in event.findings)),
        controls=tuple(
            f"{short_name(hit.framework)} {hit.control}"
            f" ({'readiness' if hit.readiness else hit.kind})"
            for hit in event.controls
        ),
    )


def _plain(value: Any) -> Any:
    """Values as JSON has them: times RFC 3339, levels and other words by their labels."""
    for kind, convert in _PLAIN:
        if isinstance(value, kind):
            return convert(value)
    if is_dataclass(value):
        return {
            f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != "digest_key"
        }
    return value


_PLAIN: tuple[tuple[type | UnionType, Callable[[Any], Any]], ...] = (
    (datetime, iso),
    (RiskLevel, lambda level: level.label),
    (Enum, lambda word: word.value),
    (Mapping, lambda pairs: {str(_plain(key)): _plain(value) for key, value in pairs.items()}),
    (list | tuple | set | frozenset, lambda items: [_plain(item) for item in items]),
)
