"""The figures of a filter on paper: made, recorded, handed out.

What is ready within the site's patience is the answer; else it becomes a job, and the page of
exports tells how far it is.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Thread
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.exports import PATH as EXPORTS
from agentaudit_backend.pages.exports import REPORT
from agentaudit_backend.pages.looking import record_export
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.stats import PATH
from agentaudit_backend.reports.data import Report, new_report_id
from agentaudit_backend.reports.evidence import evidence_of
from agentaudit_backend.reports.making import make_report
from agentaudit_backend.reports.pdf import Busy, Printed, Printing, Unprintable
from agentaudit_backend.store.export_jobs import ExportState
from agentaudit_processor.faults import log_fault

log = logging.getLogger(__name__)
PSEUDONYMS: Final = "pseudonyms"
_TELL_S: Final = 1.0


def download(visit: Visit, form: FormData) -> Response:
    """The same filter as a PDF to download; that it was taken is recorded.

    Raises:
        Problem: 503, too many reports wait already, or this one could not be made.
    """
    query = parse(parse_qsl(str(form.get("state", "")))).at(None)
    report_id = new_report_id(visit.now)
    pseudonyms = form.get("names") == PSEUDONYMS
    exporter = visit.site.exporter
    try:
        printing = visit.site.printer.begin(
            lambda: _report(visit, query, report_id=report_id, pseudonyms=pseudonyms)
        )
        printed = printing.wait(None if exporter is None else visit.site.report_patience_s)
    except Busy:
        raise _not_now("Other reports wait to be made.", query) from None
    except Unprintable as failure:
        log.error("report %s: %s", report_id, failure)
        raise _not_now("Laying out the pages failed or took too long.", query) from None
    if printed is None:
        assert exporter is not None  # noqa: S101  without one there is no end to patience
        later = _Later(
            visit=visit, report_id=report_id, query=query, printing=printing, exporter=exporter
        )
        later.begin()
        return RedirectResponse(f"{EXPORTS}?wait={report_id}", 303)
    _record(visit, printed.report, printed.pdf)
    name = f"agentaudit-report-{report_id}.pdf"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(printed.pdf, media_type="application/pdf", headers=headers)


def figures(visit: Visit, form: FormData) -> Response:
    """What the PDF says, as JSON to download; that it was taken is recorded."""
    query = parse(parse_qsl(str(form.get("state", "")))).at(None)
    pseudonyms = form.get("names") == PSEUDONYMS
    made = _report(visit, query, report_id=new_report_id(visit.now), pseudonyms=pseudonyms)
    document = evidence_of(made).document
    _record(visit, made, document, "json report")
    name = f"agentaudit-report-{made.report_id}.json"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(document, media_type="application/json", headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Later:
    """A report that takes longer than somebody waits for an answer."""

    visit: Visit
    report_id: str
    query: Query
    printing: Printing
    exporter: Exporter

    def begin(self) -> None:
        """Have it listed, and its file written when it is done."""
        self.visit.site.store.export_jobs.ask(
            self.visit.organization_id,
            export_id=self.report_id,
            author=self.visit.person,
            form=REPORT,
            query=self.query.url("").removeprefix("?"),
            scope=self.query.told(),
            now=datetime.now(UTC),
            state=ExportState.RUNNING,
        )
        Thread(target=self._finish, name="report", daemon=True).start()

    def _finish(self) -> None:
        jobs = self.visit.site.store.export_jobs
        try:
            while (printed := self.printing.wait(_TELL_S)) is None:
                jobs.tell(self.report_id, events=self.printing.pages, now=datetime.now(UTC))
            self._keep(printed)
        except Unprintable as failure:
            log.error("report %s: %s", self.report_id, failure)
            self._fail("laying out the pages failed or took too long; choose a shorter time")
        except OSError as failure:
            self._fail(failure.strerror or type(failure).__name__)
        except Exception as error:  # noqa: BLE001  the store may be away; the job is given up later
            log_fault(log, "a report", error)

    def _keep(self, printed: Printed) -> None:
        jobs, pdf = self.visit.site.store.export_jobs, printed.pdf
        job = jobs.get(self.visit.organization_id, self.report_id)
        assert job is not None  # noqa: S101  `begin` has made it
        self.exporter.keep(job, [pdf])
        _record(self.visit, printed.report, pdf)
        jobs.done(
            self.report_id,
            events=self.printing.pages,
            bytes_=len(pdf),
            sha256=sha256(pdf).hexdigest(),
            now=datetime.now(UTC),
        )

    def _fail(self, why: str) -> None:
        now = datetime.now(UTC)
        self.visit.site.store.export_jobs.failed(self.report_id, why, now=now)


def _report(visit: Visit, query: Query, *, report_id: str, pseudonyms: bool) -> Report:
    site = visit.site
    return make_report(
        site.store,
        visit.organization_id,
        query.filter(visit.now),
        report_id=report_id,
        organisation=site.organisation or site.store.organization_name(visit.organization_id),
        scope=query.told(),
        made_at=visit.now,
        made_by=f"the holder of key {visit.session.key_prefix}…",
        policy=site.store.policy(visit.organization_id),
        packs=site.judge.packs,
        pseudonyms=pseudonyms,
    )


def _record(visit: Visit, report: Report, taken: bytes, form: str = "pdf report") -> None:
    record_export(
        visit,
        report.named(form),
        report_id=report.report_id,
        sha256_hex=sha256(taken).hexdigest(),
        scope=report.scope,
    )


def _not_now(why: str, query: Query) -> Problem:
    return Problem(
        503,
        "The report is not ready",
        why,
        "Try again in a moment, or choose a shorter time.",
        href=query.url(PATH),
        link="Back to the statistics",
    )
