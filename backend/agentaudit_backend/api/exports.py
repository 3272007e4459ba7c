"""`/v1/events/export`: Events as a file."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.requests import Request

from agentaudit_backend.api.asked import MAX_QUERY, aware, typed
from agentaudit_backend.api.backend import Backend, backend_of
from agentaudit_backend.api.doors import Reader
from agentaudit_backend.api.errors import Problem
from agentaudit_backend.exports.events import EVENTS
from agentaudit_backend.exports.forms import FORMS
from agentaudit_backend.exports.stream import ROWS_LIMIT, ExportStream
from agentaudit_backend.recording import record_own
from agentaudit_processor.model import EventKind
from agentaudit_processor.ports import Caller

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.get("/export", response_class=StreamingResponse)
def export_events(
    request: Request,
    caller: Reader,
    *,
    form: Literal["jsonl", "csv"] = "jsonl",
    q: Annotated[str, Query(max_length=MAX_QUERY)] = "",
    after: datetime | None = None,
    before: datetime | None = None,
) -> StreamingResponse:
    """The Events between two times as a file, newest first, at most 50,000. It is recorded."""
    backend = backend_of(request)
    until = aware(before) or datetime.fromtimestamp(backend.clock_ns() / 1e9, UTC)
    where = replace(typed(q), since=aware(after), until=until)
    if backend.store.count_up_to(caller.organization_id, where, ROWS_LIMIT + 1) > ROWS_LIMIT:
        raise Problem(413, f"more than {ROWS_LIMIT:,} events: narrow q, after and before")
    stream = ExportStream(FORMS[form], EVENTS, backend.store.walk(caller.organization_id, where))
    return StreamingResponse(
        _recorded(backend, caller, stream, scope=q or "every event"),
        media_type=stream.form.media_type,
    )


def _recorded(
    backend: Backend, caller: Caller, stream: ExportStream, *, scope: str
) -> Iterator[bytes]:
    """The bytes; the record is made even when the client hangs up in between."""
    try:
        yield from stream
    finally:
        store, organization_id = backend.store, caller.organization_id
        record_own(
            store,
            backend.judge,
            organization_id,
            EventKind.EXPORT,
            "Export",
            author=store.key_prefix(organization_id, caller.key_id),
            at_ns=backend.clock_ns(),
            data={
                "export": stream.told,
                "sha256": stream.sha256_hex,
                "scope": scope,
            },
        )
