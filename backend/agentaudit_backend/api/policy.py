"""`/v1/org/policy`: read and change the Policy. `/v1/hook/policy`: what hooks fetch of it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from agentaudit_backend.api.backend import Backend, backend_of
from agentaudit_backend.api.doors import Admin, Anybody, Reader, read_json
from agentaudit_backend.api.errors import wrong_field, wrong_fields
from agentaudit_backend.api.shapes import framework_id, framework_name
from agentaudit_backend.recording import policy_recorder
from agentaudit_backend.store.access import key_of
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_bundle import bundle_of
from agentaudit_processor.policy_document import to_document
from agentaudit_processor.policy_draft import read_draft
from agentaudit_processor.policy_schema import policy_schema
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.ports import Caller

router = APIRouter(tags=["policy"])

NOTE_LIMIT = 500
_MERGED = ("blocking_rules", "approvals", "capture", "retention")
_NONE_IS_A_VALUE = ("ask_on", "up_to", "content_days", "event_days")
_CHANGE = {
    "requestBody": {
        "required": True,
        "description": "What to change; fields left out stay as they are.",
        "content": {
            "application/json": {
                "schema": policy_schema(
                    note={
                        "type": "string",
                        "maxLength": NOTE_LIMIT,
                        "description": "Why; kept with the version.",
                    }
                )
            }
        },
    }
}


@router.get("/v1/org/policy")
def get_policy(request: Request, caller: Reader) -> dict[str, Any]:
    """The Policy in force."""
    return _answer(backend_of(request).store.policy(caller.organization_id))


@router.put("/v1/org/policy", openapi_extra=_CHANGE)
async def put_policy(request: Request, caller: Admin) -> dict[str, Any]:
    """Change the Policy. The change is an Event; hooks follow within a minute.

    Of `blocking_rules`, `capture` and `frameworks` (framework to true or false) only what is named
    changes; every other field is replaced whole. A list of frameworks means these and no others.
    """
    change = await read_json(request)
    return _answer(await run_in_threadpool(_save, backend_of(request), caller, change))


@router.get("/v1/hook/policy")
def get_hook_policy(request: Request, caller: Anybody) -> Response:
    """What a hook needs to judge as the server does. Answers 304 to a matching `If-None-Match`."""
    policy = backend_of(request).store.access.current(caller.organization_id)
    bundle = bundle_of(policy, key_of(request.headers.get("authorization")))
    text = json.dumps(bundle, separators=(",", ":"))
    tag = f'"{sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)


def framework_ids() -> list[str]:
    """Every framework that there is data for."""
    return [framework["id"] for framework in load_frameworks()["frameworks"]]


def changed(policy: Policy, change: Mapping[str, Any]) -> dict[str, Any]:
    """The document of `policy` after `change`, one of the fields that change.

    Raises:
        PolicyError: a framework is unknown.
    """
    document = to_document(policy)
    for name, value in change.items():
        if value is None:
            continue
        if name in _MERGED and isinstance(value, Mapping):
            named = {k: v for k, v in value.items() if v is not None or k in _NONE_IS_A_VALUE}
            document[name] = {**document[name], **named}
        else:
            document[name] = _frameworks(policy, value) if name == "frameworks" else value
    return document


def _frameworks(policy: Policy, change: Any) -> Any:
    """Ids of the frameworks that are on after `change`; what is neither list nor mapping, as is."""
    known = framework_ids()
    if isinstance(change, list):
        named: dict[str, Any] = {framework_id(str(name)): True for name in change}
        wanted = named
    elif isinstance(change, Mapping):
        named = {framework_id(str(name)): value for name, value in change.items()}
        wanted = dict.fromkeys(policy.frameworks, True) | named
    else:
        return change
    for name, value in named.items():
        if name not in known:
            names = ", ".join(framework_name(id_) for id_ in known)
            raise PolicyError("frameworks", f"{name[:50]!r} is none of {names}")
        if not isinstance(value, bool):
            raise PolicyError(f"frameworks.{name}", "expected true or false")
    return [id_ for id_ in known if wanted.get(id_)]


def _save(backend: Backend, caller: Caller, change: Mapping[str, Any]) -> Policy:
    store, organization_id = backend.store, caller.organization_id
    author = store.key_prefix(organization_id, caller.key_id)
    change = dict(change)
    note = change.pop("note", None) or ""
    if not isinstance(note, str) or len(note) > NOTE_LIMIT:
        raise wrong_field("note", f"expected a text of at most {NOTE_LIMIT} characters")

    def apply(before: Policy) -> Policy:
        return read_draft(changed(before, change), backend.judge, before)

    try:
        return store.change_policy(
            organization_id,
            apply,
            policy_recorder(backend.judge, author=author, note=note, clock_ns=backend.clock_ns),
            author=author,
            note=note,
        )
    except PolicyError as wrong:
        told = [(each.field, each.problem) for each in wrong.every]
        raise wrong_fields(told) from None


def _answer(policy: Policy) -> dict[str, Any]:
    chosen = set(policy.frameworks)
    return {
        "version": policy.version,
        **to_document(policy),
        "frameworks": {framework_name(id_): id_ in chosen for id_ in framework_ids()},
    }
