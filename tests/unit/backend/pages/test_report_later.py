"""A report that takes longer than somebody waits: listed with how far it is, then fetched."""

import io
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from pypdf import PdfReader

from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.pages.application import dashboard
from agentaudit_backend.reports.pdf import Printer
from agentaudit_backend.store.export_jobs import ABANDONED_AFTER, ExportJob, ExportState
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW

EXPORTS = "/dashboard/exports"
Hurry = Callable[..., Web]


@pytest.fixture
def hurried(web: Web, tmp_path: Path) -> Hurry:
    """A dashboard on which nobody waits for a report at all."""

    def make(printer: Printer | None = None) -> Web:
        exporter = Exporter(web.store, web.judge, tmp_path / "exports", lambda _: EventFilter())
        site = replace(
            web.site, exporter=exporter, report_patience_s=0.0, printer=printer or Printer()
        )
        web.app = dashboard(site)
        return web

    return make


def ask(web: Web) -> str:
    """Where the answer leads."""
    answer = web.post("/dashboard/stats/report.pdf", {"csrf": web.csrf(), "state": "range=24h"})
    assert 303 == answer.status_code
    return str(answer.headers["location"])


def ended(web: Web) -> ExportJob:
    for _ in range(12_000):
        (job,) = web.store.export_jobs.list(web.organization)
        if job.ended_at:
            return job
        time.sleep(0.01)
    raise AssertionError(f"still {job.state}")


def test_it_is_listed_while_it_is_made_and_fetched_when_it_is_done(hurried: Hurry):
    web = hurried()

    place = ask(web)
    meanwhile = web.get(place).text
    job = ended(web)
    ready = web.get(place).text
    pdf = web.get(f"{EXPORTS}/{job.export_id}/file")

    assert re.fullmatch(rf"{EXPORTS}\?wait=AA-20261122-[0-9A-F]{{6}}", place)
    assert f'hx-get="{place}"' in meanwhile
    assert "data-take" not in meanwhile
    assert f'href="{EXPORTS}/{job.export_id}/file" data-take' in ready
    assert "hx-get" not in ready
    assert "application/pdf" == pdf.headers["content-type"]
    assert job.sha256 == sha256(pdf.content).hexdigest()
    assert job.events == len(PdfReader(io.BytesIO(pdf.content)).pages)
    assert f"{job.events} pages" in ready


def test_that_it_was_taken_is_recorded_when_it_is_done(hurried: Hurry):
    web = hurried()

    ask(web)
    job = ended(web)

    exports = EventFilter(kinds=(EventKind.EXPORT,))
    (record,) = web.store.list_events(web.organization, exports).items
    detail = web.store.event(web.organization, record.event_id)
    assert detail is not None
    assert isinstance(detail.arguments, dict)
    assert job.sha256 == detail.arguments["sha256"]


def test_one_that_cannot_be_made_says_so_in_the_list(hurried: Hurry):
    web = hurried(Printer(cpu_limit_seconds=1))

    place = ask(web)
    job = ended(web)

    assert ExportState.FAILED is job.state
    assert "choose a shorter time" in web.get(place).text
    assert 404 == web.get(f"{EXPORTS}/{job.export_id}/file").status_code


def test_a_report_has_no_manifest_beside_it(hurried: Hurry):
    web = hurried()

    ask(web)
    job = ended(web)

    assert 404 == web.get(f"{EXPORTS}/{job.export_id}/manifest").status_code
    assert "/manifest" not in web.get(EXPORTS).text


def test_one_whose_server_ended_is_given_up_by_the_next(web: Web, tmp_path: Path):
    jobs = web.store.export_jobs
    jobs.ask(
        web.organization,
        export_id="AA-1",
        author="lead",
        form="pdf",
        query="range=24h",
        scope="every event",
        now=NOW - ABANDONED_AFTER - timedelta(seconds=1),
        state=ExportState.RUNNING,
    )
    exporter = Exporter(
        web.store, web.judge, tmp_path / "exports", lambda _: EventFilter(), look_s=0.01
    )

    exporter.start()
    job = ended(web)
    exporter.stop()

    assert ExportState.FAILED is job.state
    assert "ask for it again" in (job.problem or "")


def test_the_file_of_nobodys_report_is_404(web: Web):
    assert 200 == web.get(f"{EXPORTS}?wait=%3Cscript%3E").status_code
    assert "<script>" not in web.get(f"{EXPORTS}?wait=%3Cscript%3E").text
    assert 404 == web.get(f"{EXPORTS}/AA-1/file").status_code
