"""`/health`: may traffic come here? `/health/live`: does the process run at all?"""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse

from agentaudit_backend.api.backend import backend_of
from agentaudit_processor import __version__
from agentaudit_processor.ports import Unavailable

router = APIRouter(tags=["health"])


class Away(BaseModel):
    """Its 503, as OpenAPI tells it: for a balancer, which asks again by itself."""

    status: str
    database: str


_AWAY: dict[int | str, dict[str, Any]] = {
    503: {"model": Away, "description": "The database does not answer.", "headers": {}}
}


@router.get("/health", responses=_AWAY)
def get_health(request: Request) -> JSONResponse:
    """200 when the database answers, else 503."""
    try:
        backend_of(request).store.check()
    except Unavailable:
        return JSONResponse({"status": "unavailable", "database": "away"}, 503)
    return JSONResponse({"status": "ok", "database": "ok", "version": __version__})


@router.get("/health/live")
async def get_live() -> JSONResponse:
    """200 as long as requests are answered."""
    return JSONResponse({"status": "ok", "version": __version__})
