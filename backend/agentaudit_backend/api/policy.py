"""`/v1/org/policy`: read and change the Policy. `/v1/hook/policy`: what hooks fetch of it."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from agentaudit_backend.api.backend import Backend, backend_of
from agentaudit_backend.api.doors import Admin, Anybody, Reader, body_of, read_body
from agentaudit_backend.api.shapes import framework_id, framework_name
from agentaudit_backend.store.own_facts import policy_change
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import AuditEvent, RiskLevel
from agentaudit_processor.policy import LoggingLevel, Policy
from agentaudit_processor.ports import Caller

router = APIRouter(tags=["policy"])

_Level = Literal["low", "medium", "high", "critical"]


class BlockingRules(BaseModel):
    """From which level calls are blocked; only with the logging level `paranoid`."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool | None = None
    block_on: _Level | None = None


class PolicyChange(BaseModel):
    """What to change; fields left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    logging_level: LoggingLevel | None = None
    frameworks: dict[str, bool] | None = Field(
        default=None, description="Framework to on or off; those left out stay as they are."
    )
    blocking_rules: BlockingRules | None = None
    note: str = Field(default="", max_length=500, description="Why; kept with the version.")

    @field_validator("frameworks", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        """A list means: these and no others."""
        known = framework_ids()
        if isinstance(value, list):
            chosen = {framework_id(str(name)) for name in value}
            value = dict.fromkeys(known, False) | dict.fromkeys(chosen, True)
        if not isinstance(value, dict):
            return value
        named = {framework_id(str(name)): wanted for name, wanted in value.items()}
        for name in named:
            if name not in known:
                names = ", ".join(framework_name(id_) for id_ in known)
                raise ValueError(f"{name[:50]!r} is none of {names}")
        return named


@router.get("/v1/org/policy")
def get_policy(request: Request, caller: Reader) -> dict[str, Any]:
    """The Policy in force."""
    return _answer(backend_of(request).store.policy(caller.organization_id))


@router.put("/v1/org/policy", openapi_extra=body_of(PolicyChange))
async def put_policy(request: Request, caller: Admin) -> dict[str, Any]:
    """Change the Policy. The change is an Event; hooks follow within a minute."""
    change = await read_body(request, PolicyChange)
    return _answer(await run_in_threadpool(_save, backend_of(request), caller, change))


@router.get("/v1/hook/policy")
def get_hook_policy(request: Request, caller: Anybody) -> Response:
    """What a hook needs to judge as the server does. Answers 304 to a matching `If-None-Match`."""
    policy = backend_of(request).store.access.current(caller.organization_id)
    body = {
        "version": policy.version,
        "logging_level": policy.logging_level.value,
        "frameworks": list(policy.frameworks),
        "blocking_rules": _blocking(policy),
        "digest_key": policy.digest_key.hex(),
    }
    text = json.dumps(body, separators=(",", ":"))
    tag = f'"{sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)


def framework_ids() -> list[str]:
    """Every framework that there is data for."""
    return [framework["id"] for framework in load_frameworks()["frameworks"]]


def changed(policy: Policy, change: PolicyChange) -> Policy:
    """`policy` after `change`."""
    frameworks = policy.frameworks
    if change.frameworks is not None:
        wanted = dict.fromkeys(policy.frameworks, True) | change.frameworks
        frameworks = tuple(id_ for id_ in framework_ids() if wanted.get(id_))
    rules = change.blocking_rules or BlockingRules()
    return replace(
        policy,
        logging_level=change.logging_level or policy.logging_level,
        frameworks=frameworks,
        blocking_enabled=policy.blocking_enabled if rules.enabled is None else rules.enabled,
        block_on=policy.block_on if rules.block_on is None else RiskLevel.parse(rules.block_on),
    )


def _save(backend: Backend, caller: Caller, change: PolicyChange) -> Policy:
    store, organization_id = backend.store, caller.organization_id
    author = store.key_prefix(organization_id, caller.key_id)

    def record(before: Policy, after: Policy) -> AuditEvent:
        at_ns = backend.clock_ns()
        fact = policy_change(before, after, author=author, note=change.note, at_ns=at_ns)
        return backend.judge.examine(fact, digest_key=after.digest_key).event(after)

    return store.change_policy(
        organization_id,
        lambda before: changed(before, change),
        record,
        author=author,
        note=change.note,
    )


def _answer(policy: Policy) -> dict[str, Any]:
    chosen = set(policy.frameworks)
    return {
        "version": policy.version,
        "logging_level": policy.logging_level.value,
        "frameworks": {framework_name(id_): id_ in chosen for id_ in framework_ids()},
        "blocking_rules": _blocking(policy),
    }


def _blocking(policy: Policy) -> dict[str, Any]:
    return {"enabled": policy.blocking_enabled, "block_on": policy.block_on.label}
