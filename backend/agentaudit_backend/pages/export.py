"""A list taken away as a file; that it was taken is recorded, with the hash of the file."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.responses import Response, StreamingResponse

from agentaudit_backend.exports.forms import FORMS
from agentaudit_backend.exports.stream import ROWS_LIMIT, ExportStream, new_export_id
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.looking import record_export
from agentaudit_backend.pages.query import BadQuery, parse
from agentaudit_backend.pages.site import Visit

TIMELINE = "/dashboard"


def download(visit: Visit, form: FormData) -> Response:
    """The filter's Events, newest first, as CSV or JSON Lines. The window is closed now.

    Raises:
        Problem: 413, there are more than `ROWS_LIMIT`.
    """
    query = parse(parse_qsl(str(form.get("state", "")))).at(None)
    chosen = FORMS.get(str(form.get("form", "")))
    if chosen is None:
        raise BadQuery("form", f"an export is one of {', '.join(FORMS)}")
    where = query.filter(visit.now)
    where = replace(where, until=where.until or visit.now)
    store, organization = visit.site.store, visit.organization_id
    if store.count_up_to(organization, where, ROWS_LIMIT + 1) > ROWS_LIMIT:
        raise Problem(
            413,
            "Too many events for one download",
            f"More than {ROWS_LIMIT:,} events meet these conditions.",
            "Narrow the time or the conditions, or run “agentaudit export” on the server.",
            href=query.url(TIMELINE),
            link="Back to the timeline",
        )
    export_id = new_export_id(visit.now)
    stream = ExportStream(chosen, store.walk(organization, where))
    name = f"agentaudit-events-{export_id}.{chosen.name}"
    return StreamingResponse(
        _recorded(visit, stream, export_id, query.told()),
        media_type=chosen.media_type,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


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
