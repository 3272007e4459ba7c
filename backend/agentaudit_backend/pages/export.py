"""A list taken away as a file; that it was taken is recorded, with the hash of the file."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response, StreamingResponse

from agentaudit_backend.exports.events import EVENTS
from agentaudit_backend.exports.forms import FORMS, Form
from agentaudit_backend.exports.stream import ROWS_LIMIT, ExportStream, new_export_id
from agentaudit_backend.pages.export_lists import TakenList, taken_list
from agentaudit_backend.pages.exports import PATH as EXPORTS
from agentaudit_backend.pages.looking import record_export
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import BadQuery, Query
from agentaudit_backend.pages.reviewing import MOST
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.query.terms import Field, Pattern, Term

ID_LIMIT = 100
"""Characters of an Event's id."""


def download(visit: Visit, form: FormData) -> Response:
    """A list's rows as CSV or JSON Lines: those of its filter, or the chosen Events.

    The window is closed now; more Events than `ROWS_LIMIT` become a job.

    Raises:
        BadQuery: the list, its state or the form is wrong, or no Event was chosen, or too many.
    """
    chosen = FORMS.get(str(form.get("form", "")))
    if chosen is None:
        raise BadQuery("form", f"an export is one of {', '.join(FORMS)}")
    state = str(form.get("state", ""))
    if "list" in form:
        return _streamed(visit, taken_list(visit, str(form["list"]), state), chosen)
    store, organization = visit.site.store, visit.organization_id
    if "chosen" in form:
        ids = _chosen(form)
        where = EventFilter(terms=(Term(field=Field.ID, patterns=ids),))
        return _streamed(visit, _events(visit, where, f"{len(ids)} chosen events"), chosen)
    query = parse(parse_qsl(state)).at(None)
    where = query.filter(visit.now)
    where = replace(where, until=where.until or visit.now)
    if store.count_up_to(organization, where, ROWS_LIMIT + 1) > ROWS_LIMIT:
        return _as_job(visit, query.between(where.since, where.until), chosen.name)
    return _streamed(visit, _events(visit, where, query.told()), chosen)


def _chosen(form: FormData) -> tuple[Pattern, ...]:
    ids = dict.fromkeys(str(each)[:ID_LIMIT] for each in form.getlist("event"))
    if not 1 <= len(ids) <= MOST:
        raise BadQuery("event", f"choose 1 to {MOST} events")
    return tuple(Pattern(text=each) for each in ids)


def _events(visit: Visit, where: EventFilter, scope: str) -> TakenList:
    walked = visit.site.store.walk(visit.organization_id, where)
    return TakenList(rows=EVENTS, items=walked, scope=scope)


def _streamed(visit: Visit, taken: TakenList, form: Form) -> Response:
    export_id = new_export_id(visit.now)
    stream = ExportStream(form, taken.rows, taken.items)
    name = f"agentaudit-{taken.rows.name}-{export_id}.{form.name}"
    return StreamingResponse(
        _recorded(visit, stream, export_id, taken.scope),
        media_type=form.media_type,
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
            stream.told + ("" if whole else ", broken off"),
            report_id=export_id,
            sha256_hex=stream.sha256_hex,
            scope=scope,
        )
