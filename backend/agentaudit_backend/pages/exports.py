"""Exports made in the background: how far each is, and its file."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.responses import FileResponse, Response

from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_look
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.export_jobs import ExportJob, ExportState

PATH = "/dashboard/exports"
REPORT = "pdf"
"""The form of a report; others are of Events."""
_UNDER_WAY = (ExportState.WAITING, ExportState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedExport:
    """One export in the list; the links are None until its file is whole."""

    job: ExportJob
    file: str | None
    manifest: str | None
    kept_until: datetime | None
    counted: str
    """What its number counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsPage:
    """Context of exports.html."""

    rows: tuple[ListedExport, ...]
    under_way: bool
    address: str
    """Where it is fetched again from while one is under way."""
    take: str | None
    """The file that somebody has waited for, now that it is whole."""


def show(visit: Visit) -> Response:
    """The latest exports; fetched again every two seconds while one is under way."""
    jobs = visit.site.store.export_jobs.list(visit.organization_id)
    rows = tuple(_listed(job) for job in jobs)
    waited = visit.request.query_params.get("wait", "")
    awaited = next((row for row in rows if row.job.export_id == waited), None)
    context = ExportsPage(
        rows=rows,
        under_way=any(job.state in _UNDER_WAY for job in jobs),
        address=PATH if awaited is None or awaited.file else f"{PATH}?wait={waited}",
        take=awaited.file if awaited else None,
    )
    return page(visit, "exports.html", context, place="Admin")


def file(visit: Visit) -> Response:
    """The file of an export; that it was fetched is recorded."""
    job, exporter = _done(visit), visit.site.exporter
    assert exporter is not None  # noqa: S101  `_done` has told
    record_look(visit, f"export {job.export_id}")
    media_type = "application/pdf" if job.form == REPORT else "application/octet-stream"
    return _attachment(exporter.file_of(job), media_type)


def manifest(visit: Visit) -> Response:
    """What stands beside it."""
    job, exporter = _done(visit), visit.site.exporter
    assert exporter is not None  # noqa: S101  `_done` has told
    if job.form == REPORT:
        raise _gone("A report has none: its figures are attached to it.")
    return _attachment(exporter.manifest_of(job), "application/json")


def _listed(job: ExportJob) -> ListedExport:
    done = job.state is ExportState.DONE
    return ListedExport(
        job=job,
        file=f"{PATH}/{job.export_id}/file" if done else None,
        manifest=f"{PATH}/{job.export_id}/manifest" if done and job.form != REPORT else None,
        kept_until=job.kept_until,
        counted="pages" if job.form == REPORT else "events",
    )


def _attachment(path: Path, media_type: str) -> Response:
    if not path.is_file():
        raise _gone("Its file is not on this server.")
    return FileResponse(path, media_type=media_type, filename=path.name)


def _done(visit: Visit) -> ExportJob:
    export_id = str(visit.request.path_params["export_id"])
    job = visit.site.store.export_jobs.get(visit.organization_id, export_id)
    if job is None or visit.site.exporter is None:
        raise _gone("There is none of this name.")
    if job.state is not ExportState.DONE:
        raise _gone("Its file is kept no longer." if job.ended_at else "It is not ready yet.")
    return job


def _gone(why: str) -> Problem:
    return Problem(
        404, "No such export", why, "Export again from the timeline.", href=PATH, link="All exports"
    )
