"""`/v1/report`: what a report says, as JSON: the document that each PDF has attached."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from agentaudit_backend.api.asked import MAX_QUERY, aware, typed
from agentaudit_backend.api.backend import Backend, backend_of
from agentaudit_backend.api.doors import Reader
from agentaudit_backend.recording import record_own
from agentaudit_backend.reports.data import Report, new_report_id
from agentaudit_backend.reports.evidence import evidence_of
from agentaudit_backend.reports.making import make_report
from agentaudit_backend.store.filters import kinds_meant
from agentaudit_processor.model import EventKind
from agentaudit_processor.ports import Caller

router = APIRouter(prefix="/v1", tags=["events"])


class FigureTable(BaseModel):
    """The numbers of one figure."""

    figure: str = Field(examples=["F7"])
    title: str
    columns: list[str]
    rows: list[list[str | int | None]]
    missing: str
    """What a figure would need and no record has."""


class ReportDocument(BaseModel):
    """Everything that the report's PDF prints, and more."""

    model_config = ConfigDict(extra="allow")

    report_id: str
    organisation: str
    scope: str
    since: datetime | None
    until: datetime
    made_at: datetime
    made_by: str
    headline: list[dict[str, str]]
    stats: dict[str, Any]
    tables: list[FigureTable]


@router.get("/report", response_class=Response, responses={200: {"model": ReportDocument}})
def report(
    request: Request,
    caller: Reader,
    *,
    q: Annotated[str, Query(max_length=MAX_QUERY)] = "",
    after: datetime | None = None,
    before: datetime | None = None,
    pseudonyms: bool = False,
) -> Response:
    """The figures between two times, as the dashboard's report has them. It is recorded."""
    backend = backend_of(request)
    now = datetime.fromtimestamp(backend.clock_ns() / 1e9, UTC)
    organization_id = caller.organization_id
    asked = typed(q)
    made = make_report(
        backend.store,
        organization_id,
        replace(asked, since=aware(after), until=aware(before), kinds=kinds_meant(asked.terms)),
        report_id=new_report_id(now),
        organisation=backend.store.organization_name(organization_id),
        scope=q or "every event",
        made_at=now,
        made_by=backend.store.key_prefix(organization_id, caller.key_id),
        policy=backend.store.policy(organization_id),
        packs=backend.judge.packs,
        pseudonyms=pseudonyms,
    )
    evidence = evidence_of(made)
    _record(backend, caller, made, evidence.sha256)
    return Response(evidence.document, media_type="application/json")


def _record(backend: Backend, caller: Caller, made: Report, sha256: str) -> None:
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
            "export": made.named("json report"),
            "report": made.report_id,
            "sha256": sha256,
            "scope": made.scope,
        },
    )
