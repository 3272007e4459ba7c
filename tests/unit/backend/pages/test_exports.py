"""Large exports: made in the background, listed with how far they are, fetched, gone in time."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from agentaudit_backend.exports import jobs
from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.pages.application import dashboard
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.store.export_jobs import ABANDONED_AFTER, KEPT, ExportJob, ExportState
from agentaudit_backend.store.filters import EventFilter
from tests.support.web import Web

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
QUERY = "q=kind%3Atool_call&from=2026-11-22T00%3A00%3A00Z&to=2026-11-23T00%3A00%3A00Z"


def filter_of(query: str) -> EventFilter:
    return parse(parse_qsl(query)).filter(NOW)


def ask(web: Web, export_id: str = "AE-1", form: str = "jsonl", now: datetime = NOW) -> None:
    web.store.export_jobs.ask(
        web.organization,
        export_id=export_id,
        author="key aa_live_1…",
        form=form,
        query=QUERY,
        scope="<b>query</b>",
        now=now,
    )


def job_of(web: Web, export_id: str = "AE-1") -> ExportJob:
    job = web.store.export_jobs.get(web.organization, export_id)
    assert job is not None
    return job


@pytest.fixture
def exporter(web: Web, tmp_path: Path) -> Iterator[Exporter]:
    """A dashboard with an exporter, which the test starts."""
    exporter = Exporter(web.store, web.judge, tmp_path / "exports", filter_of, look_s=0.01)
    web.app = dashboard(replace(web.site, exporter=exporter))
    yield exporter
    if exporter._thread.ident is not None:
        exporter.stop()


def ended(web: Web, export_id: str = "AE-1") -> ExportJob:
    for _ in range(3000):
        job = job_of(web, export_id)
        if job.ended_at:
            return job
        time.sleep(0.01)
    raise AssertionError(f"still {job.state}")


def test_a_job_becomes_a_file_with_a_manifest(web: Web, exporter: Exporter) -> None:
    ask(web)
    exporter.start()

    job = ended(web)

    answer = web.get("/dashboard/exports/AE-1/file")
    told = [json.loads(line) for line in answer.text.splitlines()]
    manifest = web.get("/dashboard/exports/AE-1/manifest").json()
    assert ["c3", "c2", "c1"] == [event["call_id"] for event in told]
    assert (ExportState.DONE, 3, len(answer.content)) == (job.state, job.events, job.bytes)
    assert sha256(answer.content).hexdigest() == job.sha256 == manifest["sha256"]
    assert "2026-11-22T00:00:00.000Z" == manifest["from"]
    assert 'filename="agentaudit-events-AE-1.jsonl"' in answer.headers["content-disposition"]
    assert 0o600 == exporter.file_of(job).stat().st_mode & 0o777


def test_that_it_was_made_and_fetched_is_recorded(web: Web, exporter: Exporter) -> None:
    ask(web)
    exporter.start()
    job = ended(web)
    web.get("/dashboard/exports/AE-1/file")

    page = web.get("/dashboard?range=all&kind=export&kind=log_access").text

    assert "jsonl of 3 events" in page
    assert "export AE-1" in page
    assert job.sha256 is not None


def test_the_page_tells_how_far_each_is(web: Web, exporter: Exporter) -> None:
    ask(web)

    before = web.get("/dashboard/exports").text
    exporter.start()
    ended(web)
    after = web.get("/dashboard/exports").text

    assert "waiting" in before
    assert 'hx-trigger="every 2s"' in before
    assert "/dashboard/exports/AE-1/file" not in before
    assert 'hx-trigger="every 2s"' not in after
    assert 'href="/dashboard/exports/AE-1/file"' in after
    assert "<b>query</b>" not in after


def test_an_export_that_cannot_be_written_says_why(
    web: Web, exporter: Exporter, tmp_path: Path
) -> None:
    (tmp_path / "exports").write_text("in the way")
    ask(web)
    ask(web, "AE-2")
    exporter.start()

    ended(web, "AE-2")

    job = job_of(web)
    assert (ExportState.FAILED, "File exists") == (job.state, job.problem)
    assert "File exists" in web.get("/dashboard/exports").text
    assert 404 == web.get("/dashboard/exports/AE-1/file").status_code


def test_a_file_is_kept_a_week(web: Web, exporter: Exporter) -> None:
    ask(web)
    exporter.start()
    job = ended(web)
    assert job.ended_at is not None

    (old,) = web.store.export_jobs.expire(job.ended_at + KEPT + timedelta(seconds=1))

    assert "AE-1" == old.export_id
    assert ExportState.EXPIRED is job_of(web).state
    assert 404 == web.get("/dashboard/exports/AE-1/file").status_code


def test_a_job_is_taken_by_one_and_anew_when_abandoned(web: Web) -> None:
    ask(web)
    board = web.store.export_jobs

    first, second = board.take(NOW), board.take(NOW)
    later = board.take(NOW + ABANDONED_AFTER + timedelta(seconds=1))

    assert first is not None
    assert second is None
    assert later is not None
    assert first.export_id == later.export_id


def test_a_server_that_stops_leaves_the_job_to_be_made_anew(
    web: Web, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(job: ExportJob, stream: object) -> Iterator[bytes]:
        yield b"half"
        raise jobs._Stopped

    monkeypatch.setattr(exporter, "_told", stopping)
    ask(web)
    exporter.start()
    exporter._thread.join(30)

    job = job_of(web)

    assert ExportState.RUNNING is job.state
    assert [] == list(exporter.file_of(job).parent.iterdir())


@pytest.mark.parametrize("path", ["AE-9/file", "AE-9/manifest", "..%2f..%2fetc%2fpasswd/file"])
def test_no_other_file_is_given(web: Web, exporter: Exporter, path: str) -> None:
    assert 404 == web.get(f"/dashboard/exports/{path}").status_code


def test_another_organisations_export_is_not_shown(web: Web) -> None:
    ask(web)

    assert [] == list(web.store.export_jobs.list(web.organization + 1))
    assert web.store.export_jobs.get(web.organization + 1, "AE-1") is None
