"""`/v1/events`: report an action and get its verdict; list, open and count what is stored."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentaudit_backend.api.asked import MAX_QUERY, aware, typed
from agentaudit_backend.api.backend import Backend, backend_of
from agentaudit_backend.api.doors import Reader, Writer, body_of, read_body
from agentaudit_backend.api.errors import Problem, error_answer, wrong_field
from agentaudit_backend.api.posted import tool_call_of
from agentaudit_backend.api.shapes import (
    REST_DIALECT,
    EventList,
    FullEvent,
    PostedEvent,
    StatsAnswer,
    full,
    listed,
)
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.keeping import kept
from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.sealing import slots_of
from agentaudit_backend.store.views import TOTAL_CAP
from agentaudit_processor.model import Action, AuditEvent, Phase, RiskLevel, ToolCall
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.ports import Caller

router = APIRouter(prefix="/v1/events", tags=["events"])

LARGEST_PAGE = 200


@router.post("", status_code=201, response_model=FullEvent, openapi_extra=body_of(PostedEvent))
async def post_event(request: Request, caller: Writer) -> JSONResponse:
    """Judge an action, store it as an Event, and answer with the verdict.

    With the same `Idempotency-Key` header (or `context.call_id`) again, the Event stays one;
    another action with it is refused (409), and not stored.
    """
    posted = await read_body(request, PostedEvent)
    key = request.headers.get("idempotency-key")
    event = await run_in_threadpool(_store, backend_of(request), caller, posted, key)
    return JSONResponse(event.model_dump(mode="json"), 201)


def senders_elsewhere() -> Route:
    """In place of `post_event` on a port that asks for no client certificate where one is due."""

    def refuse(_request: Request) -> Response:
        detail = "senders show a client certificate: post this to the port of OTLP/HTTP"
        return error_answer(403, detail)

    return Route("/v1/events", refuse, methods=["POST"])


def _store(backend: Backend, caller: Caller, posted: PostedEvent, key: str | None) -> FullEvent:
    call = tool_call_of(posted, now_ns=backend.clock_ns(), idempotency_key=key)
    policy = backend.store.access.current(caller.organization_id)
    judge = judge_under(backend.judge, policy)
    event = judge.examine(call, digest_key=policy.digest_key).event(policy)
    if isinstance(event.activity, ToolCall):
        # Judged as a request, since the caller asks; stored as ended, as nothing more will come.
        event = replace(event, activity=replace(event.activity, phase=Phase.ENDED))
    _refuse_another(backend, caller, posted.action, kept(event, policy.logging_level))
    backend.store.write(caller.organization_id, [event])
    return _full(backend, caller, event.event_id)


def _refuse_another(backend: Backend, caller: Caller, action: str, event: AuditEvent) -> None:
    """Refuse an id that another action has.

    The verdict on that one is not the verdict on this one, which would not be stored; and its
    content is not for the holder of an ingest key.
    """
    known = backend.store.event(caller.organization_id, event.event_id)
    if known is None:
        return
    arguments = json.loads(slots_of(event).get("arguments", "null"))
    is_same = known.dialect == REST_DIALECT and known.arguments == arguments
    if not (is_same and known.row.tool == name_of(action)):
        raise Problem(409, "another action has this Idempotency-Key or call_id; take a new one")


@router.get("/stats", response_model=StatsAnswer)
def get_stats(
    request: Request,
    caller: Reader,
    after: datetime | None = None,
    before: datetime | None = None,
) -> StatsAnswer:
    """Figures of the Events between two times."""
    store = backend_of(request).store
    where = EventFilter(since=aware(after), until=aware(before))
    stats = store.stats(caller.organization_id, where)
    agents = store.counts_by(caller.organization_id, where, "agent")
    return StatsAnswer(
        total_events=stats.total,
        by_risk_level={level.label: count for level, count in stats.by_risk.items()},
        by_action={counted.value: counted.count for counted in stats.by_action},
        by_agent={counted.value: counted.count for counted in agents},
        by_decision={counted.value: counted.count for counted in stats.by_decision},
        pii_events=stats.with_pii,
        blocked_events=stats.blocked,
        sessions=stats.sessions,
    )


@router.get("/{event_id}", response_model=FullEvent)
def get_event(request: Request, caller: Reader, event_id: str) -> FullEvent:
    """One Event with everything that was kept of it."""
    return _full(backend_of(request), caller, event_id)


@router.get("", response_model=EventList)
def get_events(
    request: Request,
    caller: Reader,
    *,
    agent_id: str | None = None,
    action: str | None = None,
    risk_level: str | None = None,
    pii_detected: bool | None = None,
    session_id: str | None = None,
    q: Annotated[str, Query(max_length=MAX_QUERY)] = "",
    after: datetime | None = None,
    before: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    offset: Annotated[int, Query(ge=0, le=TOTAL_CAP)] = 0,
    cursor: str | None = None,
) -> EventList:
    """Events, the newest first. `cursor` goes any depth; `offset` up to 10,000.

    `q` is the dashboard's query language: `risk:>=high user:alice@* -tool:Bash "drop table"`.
    """
    if cursor is not None and offset:
        raise wrong_field("offset", "cannot be joined with cursor")
    actions, tools = _actions(action)
    where = replace(
        typed(q),
        since=aware(after),
        until=aware(before),
        risks=_risks(risk_level),
        actions=actions,
        tools=tools,
        agents=(agent_id,) if agent_id else (),
        sessions=(session_id,) if session_id else (),
        pii=pii_detected,
    )
    store, organization_id = backend_of(request).store, caller.organization_id
    page = store.list_events(organization_id, where, cursor=cursor, limit=limit, offset=offset)
    hits = store.control_hits(organization_id, [row.event_id for row in page.items])
    return EventList(
        events=[listed(row, hits.get(row.event_id, ())) for row in page.items],
        total=page.total,
        limit=limit,
        offset=offset,
        next_cursor=page.older,
        previous_cursor=page.newer,
    )


def _full(backend: Backend, caller: Caller, event_id: str) -> FullEvent:
    detail = backend.store.event(caller.organization_id, event_id)
    if detail is None:
        raise Problem(404, "there is no event with this id")
    return full(detail)


def _risks(label: str | None) -> tuple[RiskLevel, ...]:
    if label is None:
        return ()
    try:
        return (RiskLevel.parse(label),)
    except ValueError as problem:
        raise wrong_field("risk_level", str(problem)) from None


def _actions(name: str | None) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    """Conditions for an action of ours, or of a client's own naming (kept as the tool)."""
    if name is None:
        return (), ()
    try:
        return (Action(name),), ()
    except ValueError:
        return (Action.OTHER,), (name,)
