"""One shape for every error: `{"detail": "sentence"}`, and for 422 also `errors` by field."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from agentaudit_backend.api.headers import HEADERS
from agentaudit_backend.store.queries import BadCursor
from agentaudit_processor.ports import Refused, Unavailable

log = logging.getLogger(__name__)

RETRY_AFTER_S = 2
_MOST_ERRORS = 20


class WrongField(BaseModel):
    """What was wrong in one field of a request."""

    field: str
    message: str


class WrongRequest(BaseModel):
    """A 422, as OpenAPI tells it."""

    detail: str
    errors: list[WrongField] | None = None


class TryAgain(BaseModel):
    """A 503, as OpenAPI tells it: the database is away, locked or read-only for now."""

    detail: str


class Problem(Exception):
    """An answer other than success; the text is for the caller."""

    def __init__(self, status: int, detail: str, errors: list[dict[str, str]] | None = None):
        super().__init__(detail)
        self.status = status
        self.errors = errors


DESCRIBED: dict[int | str, dict[str, Any]] = {
    422: {"model": WrongRequest},
    503: {
        "model": TryAgain,
        "description": "The database does not answer for now; nothing was changed.",
        "headers": {
            "Retry-After": {
                "description": "Seconds until another try may go well.",
                "schema": {"type": "integer"},
            }
        },
    },
}
"""What any route may answer beside its own."""


def problem_of(errors: Sequence[Any]) -> Problem:
    """A 422 that names each field, of Pydantic's errors."""
    named = [
        {"field": _field(error["loc"]), "message": _message(error)}
        for error in errors[:_MOST_ERRORS]
    ]
    detail = "; ".join(f"{error['field']}: {error['message']}" for error in named)
    return Problem(422, detail, named)


def wrong_field(field: str, message: str) -> Problem:
    """A 422 about one field."""
    return wrong_fields([(field, message)])


def wrong_fields(wrong: Sequence[tuple[str, str]]) -> Problem:
    """A 422 about several: the field and what is wrong with it."""
    named = [{"field": field, "message": message} for field, message in wrong]
    detail = "; ".join(f"{field}: {message}" for field, message in wrong[:_MOST_ERRORS])
    return Problem(422, detail, named)


def answer_errors(app: FastAPI) -> None:
    """Give every error of `app` its one shape."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(BadCursor, _bad_cursor)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)


def error_answer(
    status: int, detail: str, *, errors: Any = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """The one shape."""
    body = {"detail": detail} if errors is None else {"detail": detail, "errors": errors}
    return JSONResponse(body, status, headers=headers)


async def _problem(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)  # noqa: S101  registered for it alone
    return error_answer(problem.status, str(problem), errors=problem.errors)


async def _refused(_request: Request, refused: Exception) -> JSONResponse:
    assert isinstance(refused, Refused)  # noqa: S101
    headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
    return error_answer(refused.status, str(refused), headers=headers)


async def _unavailable(_request: Request, problem: Exception) -> JSONResponse:
    log.error("not served: %s", problem)
    detail = "the database does not answer; try again"
    return error_answer(503, detail, headers={"Retry-After": str(RETRY_AFTER_S)})


async def _bad_cursor(_request: Request, problem: Exception) -> JSONResponse:
    message = str(problem)
    return error_answer(422, f"cursor: {message}", errors=[{"field": "cursor", "message": message}])


async def _invalid(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError)  # noqa: S101
    return await _problem(request, problem_of(problem.errors()))


async def _http(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, HTTPException)  # noqa: S101
    headers = dict(problem.headers) if problem.headers else None
    return error_answer(problem.status_code, str(problem.detail), headers=headers)


async def _failed(_request: Request, _problem: Exception) -> JSONResponse:
    # Answered outside every middleware, so that it brings the headers itself.
    detail = "something failed in the server; its log says what"
    return error_answer(500, detail, headers=dict(HEADERS))


def _field(place: Sequence[str | int]) -> str:
    inside = [str(part) for part in place if part not in ("body", "query", "path")]
    return ".".join(inside) or "body"


def _message(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ")
