"""Who may call what. A key is checked before a byte of the body is read."""

import json
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from agentaudit_backend.api.backend import backend_of
from agentaudit_backend.api.errors import Problem, problem_of, wrong_field
from agentaudit_backend.store.roles import ANYBODY, CAN_ADMINISTER, CAN_READ, CAN_WRITE
from agentaudit_processor.ports import Caller

BODY_LIMIT_BYTES = 4 * 1024 * 1024

Shape = TypeVar("Shape", bound=BaseModel)


def _door(roles: frozenset[str]) -> Callable[[Request], Any]:
    async def admitted(request: Request) -> Caller:
        access = backend_of(request).store.access
        return await run_in_threadpool(access.admit, request.headers.get("authorization"), roles)

    return admitted


Writer = Annotated[Caller, Depends(_door(CAN_WRITE))]
Reader = Annotated[Caller, Depends(_door(CAN_READ))]
Admin = Annotated[Caller, Depends(_door(CAN_ADMINISTER))]
Anybody = Annotated[Caller, Depends(_door(ANYBODY))]


async def read_body(request: Request, shape: type[Shape]) -> Shape:
    """The JSON body in its shape. Routes call it themselves, after the key was checked.

    Raises:
        Problem: 413 for a body over the limit, 422 for one of another shape, naming the field.
    """
    body = await _limited(request)
    try:
        return shape.model_validate_json(body)
    except ValidationError as wrong:
        raise problem_of(wrong.errors(include_url=False, include_context=False)) from None


async def read_json(request: Request) -> dict[str, Any]:
    """The JSON object in the body. Routes call it themselves, after the key was checked.

    Raises:
        Problem: 413 for a body over the limit, 422 for one that is no JSON object.
    """
    body = await _limited(request)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise wrong_field("body", f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise wrong_field("body", "expected a JSON object")
    return value


def body_of(shape: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body that `read_body` reads."""
    schema = shape.model_json_schema()
    schema = _whole(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _whole(schema: Any, parts: dict[str, Any]) -> Any:
    """`schema` with its parts in their places: OpenAPI has no room for them beside it."""
    if isinstance(schema, list):
        return [_whole(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _whole(parts[reference.removeprefix("#/$defs/")] | rest, parts)
    return {key: _whole(value, parts) for key, value in schema.items()}


async def _limited(request: Request) -> bytes:
    announced = request.headers.get("content-length", "")
    body = bytearray()
    if not (announced.isdecimal() and int(announced) > BODY_LIMIT_BYTES):
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT_BYTES:
                break
        else:
            return bytes(body)
    raise Problem(413, f"the body is larger than {BODY_LIMIT_BYTES} bytes")
