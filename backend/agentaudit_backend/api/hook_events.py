"""`/v1/hook/events/{id}`: whether an Event that a hook sent has been stored, and its verdict.

An ingest key may ask, so that `agentaudit-hook doctor` can prove the whole way; so it tells nothing
of an Event's content.
"""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from agentaudit_backend.api.backend import backend_of
from agentaudit_backend.api.doors import Anybody
from agentaudit_backend.api.errors import Problem

router = APIRouter(tags=["hook"])


class StoredEvent(BaseModel):
    """What is told of a stored Event."""

    id: str
    kind: str
    risk_level: str
    decision: str
    policy_version: str
    recorded_at: datetime
    """When it came into the ledger."""


@router.get("/v1/hook/events/{event_id}", response_model=StoredEvent)
def get_stored_event(request: Request, caller: Anybody, event_id: str) -> StoredEvent:
    """Kind and verdict of an Event of the key's own organisation; 404 while it is not stored."""
    found = backend_of(request).store.event(caller.organization_id, event_id)
    if found is None or not found.leaves:
        raise Problem(404, "no event with this id is stored yet")
    return StoredEvent(
        id=found.row.event_id,
        kind=found.row.kind.value,
        risk_level=found.row.risk.label,
        decision=found.row.decision.value,
        policy_version=found.verdict.policy_version,
        recorded_at=found.leaves[0].recorded_at,
    )
