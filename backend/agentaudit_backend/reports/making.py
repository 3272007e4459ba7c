"""Reads what a report says, its sections side by side: the database has time for several."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Final

from agentaudit_backend.reports.changes import changes_of
from agentaudit_backend.reports.clocks import clocks_of
from agentaudit_backend.reports.coverage import chapters_of
from agentaudit_backend.reports.data import Report, ReportEvent
from agentaudit_backend.reports.framework_names import short_name
from agentaudit_backend.reports.incidents import incidents_of
from agentaudit_backend.reports.keeping import keeping_of
from agentaudit_backend.reports.oversight import oversight_of
from agentaudit_backend.reports.period import Period, controls_of, figures_of
from agentaudit_backend.reports.population import population_of
from agentaudit_backend.reports.pseudonyms import names_of, under_pseudonyms
from agentaudit_backend.reports.readers import readers_of
from agentaudit_backend.reports.register import register_of
from agentaudit_backend.reports.sample import draw
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.views import EventRow, Tally
from agentaudit_processor.classify.packs import Packs
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import Policy

REASONS: Final = 3
"""Sentences told for one Event; the rest is on its page."""
_READERS: Final = 3
"""Sections that are read at the same time."""


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
    packs: Packs,
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
    tags = {rule.id: rule.tags for rule in packs.rules}
    versions = store.policy_versions(organization_id)
    keys = store.list_keys(organization_id)
    with ThreadPoolExecutor(_READERS, "report") as pool:
        # Whoever waits for another's answer was asked for after it, so that none waits for ever.
        read = pool.submit
        statistics = read(store.stats, organization_id, closed)
        ledger = read(store.ledger_span, organization_id, period.since, period.until)
        figures = read(figures_of, store, organization_id, period, policy, made_at)
        crossings = read(store.crossings, organization_id, closed, tags)
        before = read(_before, store, organization_id, whole)
        register = read(register_of, store, store.reviews, organization_id, closed, made_at)
        incidents = read(
            incidents_of, store, store.reviews, organization_id, closed, policy.frameworks
        )
        keeping = read(keeping_of, store, organization_id, policy, period)
        readers = read(readers_of, store, organization_id, keys, period, made_at)
        changes = read(changes_of, store, organization_id, versions, period)
        flows = read(store.flows, organization_id, closed)
        population = read(
            lambda: population_of(
                store, organization_id, closed, statistics.result().over_time, ledger.result()
            )
        )
        chapters = read(
            lambda: chapters_of(
                store, organization_id, closed, statistics.result().controls, policy.frameworks
            )
        )
        top_events = read(lambda: _detailed(store, organization_id, statistics.result().top_events))
        oversight = read(
            lambda: oversight_of(store, organization_id, closed, crossings.result(), period)
        )
        clocks = read(lambda: clocks_of(store, organization_id, ledger.result()))
        sample = read(lambda: draw(store, organization_id, closed, ledger.result(), report_id))
        report = Report(
            report_id=report_id,
            organisation=organisation,
            scope=scope,
            since=where.since,
            until=period.until,
            made_at=made_at,
            made_by=made_by,
            stats=statistics.result(),
            policy=policy,
            packs=packs.version,
            top_events=top_events.result(),
            figures=figures.result(),
            period_controls=controls_of(figures.result(), policy, period.until),
            before=before.result(),
            population=population.result(),
            clocks=clocks.result(),
            crossings=crossings.result(),
            flows=flows.result(),
            oversight=oversight.result(),
            changes=changes.result(),
            register=register.result(),
            incidents=incidents.result(),
            chapters=chapters.result(),
            keeping=keeping.result(),
            readers=readers.result(),
            sample=sample.result(),
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
