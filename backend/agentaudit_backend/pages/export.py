"""A list taken away as a file; that it was taken is recorded, with the hash of the file."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response, StreamingResponse

from agentaudit_backend.exports.forms import FORMS
from agentaudit_backend.exports.stream import ROWS_LIMIT, ExportStream, new_export_id
from agentaudit_backend.pages.exports import PATH as EXPORTS
from agentaudit_backend.pages.looking import record_export
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import BadQuery, Query
from agentaudit_backend.pages.site import Visit


def download(visit: Visit, form: FormData) -> Response:
    """The filter's Events, newest first, as CSV or JSON Lines. The window is closed now.

    More than `ROWS_LIMIT` become a job.
    """
    query = parse(parse_qsl(str(form.get("state", "")))).at(None)
    chosen = FORMS.get(str(form.get("form", "")))
    if chosen is None:
        raise BadQuery("form", f"an export is one of {', '.join(FORMS)}")
    where = query.filter(visit.now)
    where = replace(where, until=where.until or visit.now)
    store, organization = visit.site.store, visit.organization_id
    if store.count_up_to(organization, where, ROWS_LIMIT + 1) > ROWS_LIMIT:
        return _as_job(visit, query.between(where.since, where.until), chosen.name)
    export_id = new_export_id(visit.now)
    stream = ExportStream(chosen, store.walk(organization, where))
    name = f"agentaudit-events-{export_id}.{chosen.name}"
    return StreamingResponse(
        _recorded(visit, stream, export_id, query.told()),
        media_type=chosen.media_type,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _as_job(visit: Visit, query: Query, form: str) -> Response:
    """Have it made in the background; the page of exports tells how far it is."""
    visit.site.store.export_jobs.ask(
        visit.organization_id,
        export_id=new_export_id(visit.now),
        author=visit.person,
        form=form,
        query=query.url("").removeprefix("?"),
        scope=query.told(),
        now=visit.now,
    )
    return RedirectResponse(EXPORTS, 303)


def _recorded(visit: Visit, stream: ExportStream, export_id: str, scope: str) -> Iterator[bytes]:
    """The bytes; the record is made even when whoever asked hangs up in between."""
    whole = False
    try:
        yield from stream
        whole = True
    finally:
        record_export(
            visit,
            f"{stream.form.name} of {stream.count:,} events" + ("" if whole else ", broken off"),
            report_id=export_id,
            sha256_hex=stream.sha256_hex,
            scope=scope,
        )
