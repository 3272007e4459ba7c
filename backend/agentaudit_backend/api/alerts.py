"""`/v1/alerts…`: fired alerts, their rules and channels, as the dashboard has them."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.recorded import AlertRecords
from agentaudit_backend.alerts.wanted import BadWish, check_channel, check_rule
from agentaudit_backend.alerts.webhook import shown_secret
from agentaudit_backend.api.backend import Backend, backend_of
from agentaudit_backend.api.doors import Admin, Reader, body_of, read_body
from agentaudit_backend.api.errors import Problem, wrong_field
from agentaudit_backend.store.alert_views import Channel, Delivery, FiredAlert, Rule, Wanted
from agentaudit_backend.store.values import from_nanoseconds
from agentaudit_processor.ports import Caller

router = APIRouter(tags=["alerts"])


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RuleBody(_Body):
    """A rule, whole."""

    name: str
    query: str = ""
    threshold: int = 1
    window_s: int = 600
    quiet_s: int = 900
    channels: list[str] = Field(default_factory=list, max_length=50)
    enabled: bool = True


class ChannelBody(_Body):
    """A channel: `slack`, `webhook` or `email`."""

    name: str
    kind: str
    address: str = Field(max_length=2000)


class NoteBody(_Body):
    """What comes of an alert."""

    note: str = Field(default="", max_length=500)


@router.get("/v1/alerts")
def list_alerts(request: Request, caller: Reader, state: str = "all") -> dict[str, Any]:
    """The latest hundred alerts, the newest first; `state=open` leaves acknowledged ones out."""
    if state not in ("all", "open"):
        raise wrong_field("state", "expected all or open")
    alerts = backend_of(request).store.alerts
    found = alerts.fired(caller.organization_id, open_only=state == "open")
    return {"alerts": [_alert(each) for each in found]}


@router.post("/v1/alerts/{alert_id}/acknowledge", openapi_extra=body_of(NoteBody))
async def acknowledge(request: Request, caller: Admin, alert_id: str) -> dict[str, Any]:
    """Say that somebody has it in hand. Who was first stays: the answer tells who that is."""
    told = await read_body(request, NoteBody)
    return await run_in_threadpool(_acknowledge, backend_of(request), caller, alert_id, told)


@router.get("/v1/alerts/rules")
def list_rules(request: Request, caller: Reader) -> dict[str, Any]:
    """The rules, by name."""
    rules = backend_of(request).store.alerts.rules(caller.organization_id)
    return {"rules": [_rule(each) for each in rules]}


@router.post("/v1/alerts/rules", status_code=201, openapi_extra=body_of(RuleBody))
async def add_rule(request: Request, caller: Admin) -> dict[str, Any]:
    """Make a rule; it looks at what is recorded from now on."""
    told = await read_body(request, RuleBody)
    return await run_in_threadpool(_save_rule, backend_of(request), caller, None, told)


@router.put("/v1/alerts/rules/{rule_id}", openapi_extra=body_of(RuleBody))
async def change_rule(request: Request, caller: Admin, rule_id: str) -> dict[str, Any]:
    """Put a rule in the place of another."""
    told = await read_body(request, RuleBody)
    return await run_in_threadpool(_save_rule, backend_of(request), caller, rule_id, told)


@router.delete("/v1/alerts/rules/{rule_id}", status_code=204)
def remove_rule(request: Request, caller: Admin, rule_id: str) -> Response:
    """Look for it no more; its alerts stay."""
    backend = backend_of(request)
    now = from_nanoseconds(backend.clock_ns())
    try:
        rule = backend.store.alerts.remove_rule(caller.organization_id, rule_id, now)
    except LookupError:
        raise Problem(404, "there is no such rule") from None
    _records(backend, caller).rule("removed", rule.wanted)
    return Response(status_code=204)


@router.get("/v1/alerts/channels")
def list_channels(request: Request, caller: Reader) -> dict[str, Any]:
    """The channels, by name; neither addresses, which may be secrets, nor secrets."""
    channels = backend_of(request).store.alerts.channels(caller.organization_id)
    return {"channels": [_channel(each) for each in channels]}


@router.post("/v1/alerts/channels", status_code=201, openapi_extra=body_of(ChannelBody))
async def add_channel(request: Request, caller: Admin) -> dict[str, Any]:
    """Make a channel; of a webhook the answer holds the secret, this once."""
    told = await read_body(request, ChannelBody)
    return await run_in_threadpool(_add_channel, backend_of(request), caller, told)


@router.delete("/v1/alerts/channels/{channel_id}", status_code=204)
def remove_channel(request: Request, caller: Admin, channel_id: str) -> Response:
    """Tell nothing more there; its address and secret are forgotten."""
    backend = backend_of(request)
    now = from_nanoseconds(backend.clock_ns())
    try:
        channel = backend.store.alerts.remove_channel(caller.organization_id, channel_id, now)
    except LookupError:
        raise Problem(404, "there is no such channel") from None
    _records(backend, caller).channel("removed", channel)
    return Response(status_code=204)


def _acknowledge(backend: Backend, caller: Caller, alert_id: str, told: NoteBody) -> dict[str, Any]:
    now = from_nanoseconds(backend.clock_ns())
    try:
        known = backend.store.alerts.acknowledge(
            caller.organization_id,
            alert_id,
            by=_author(backend, caller),
            note=" ".join(told.note.split()),
            now=now,
        )
    except LookupError:
        raise Problem(404, "there is no such alert") from None
    if known.acknowledged_at == now:
        _records(backend, caller).acknowledged(known)
    return _alert(known)


def _save_rule(
    backend: Backend, caller: Caller, rule_id: str | None, told: RuleBody
) -> dict[str, Any]:
    alerts, now = backend.store.alerts, from_nanoseconds(backend.clock_ns())
    wanted = Wanted(**told.model_dump() | {"channels": tuple(told.channels)})
    author = _author(backend, caller)
    try:
        known = {each.channel_id for each in alerts.channels(caller.organization_id)}
        check_rule(wanted, known)
        if rule_id is None:
            rule = alerts.add_rule(caller.organization_id, wanted, author, now)
        else:
            alerts.change_rule(caller.organization_id, rule_id, wanted, author, now)
            rule = Rule(rule_id=rule_id, wanted=wanted, author=author, changed_at=now)
    except BadWish as wrong:
        raise wrong_field(wrong.field, wrong.message) from None
    except LookupError:
        raise Problem(404, "there is no such rule") from None
    _records(backend, caller).rule("changed" if rule_id else "made", wanted)
    return _rule(rule)


def _add_channel(backend: Backend, caller: Caller, told: ChannelBody) -> dict[str, Any]:
    try:
        kind, address = check_channel(told.name, told.kind, told.address, Guard())
    except BadWish as wrong:
        raise wrong_field(wrong.field, wrong.message) from None
    channel = backend.store.alerts.add_channel(
        caller.organization_id,
        name=told.name.strip(),
        kind=kind,
        address=address,
        now=from_nanoseconds(backend.clock_ns()),
    )
    _records(backend, caller).channel("made", channel)
    secret = {"secret": shown_secret(channel.secret)} if channel.secret else {}
    return _channel(channel) | secret


def _author(backend: Backend, caller: Caller) -> str:
    return f"key {backend.store.key_prefix(caller.organization_id, caller.key_id)}…"


def _records(backend: Backend, caller: Caller) -> AlertRecords:
    author = _author(backend, caller)
    return AlertRecords(
        backend.store, backend.judge, caller.organization_id, author, backend.clock_ns()
    )


def _channel(channel: Channel) -> dict[str, Any]:
    return {"id": channel.channel_id, "name": channel.name, "kind": channel.kind.value}


def _rule(rule: Rule) -> dict[str, Any]:
    wanted = {name: getattr(rule.wanted, name) for name in Wanted.__slots__}
    return {"id": rule.rule_id, **wanted, "author": rule.author, "changed_at": rule.changed_at}


def _alert(alert: FiredAlert) -> dict[str, Any]:
    names = ("rule_id", "rule_name", "query", "fired_at", "events", "acknowledged_by")
    return {
        "id": alert.alert_id,
        **{name: getattr(alert, name) for name in (*names, "acknowledged_at", "note")},
        "risk_level": alert.risk.label,
        "deliveries": [_delivery(each) for each in alert.deliveries],
    }


def _delivery(sent: Delivery) -> dict[str, Any]:
    return {
        "channel": _channel(sent.channel),
        "state": sent.state.value,
        "attempts": sent.attempts,
        "problem": sent.problem,
        "ended_at": sent.ended_at,
    }
