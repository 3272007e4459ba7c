"""Facts that the server itself records: what was changed in it, by whom."""

from typing import Any
from uuid import uuid4

from agentaudit_processor import __version__
from agentaudit_processor.ids import trace_id_of
from agentaudit_processor.model import Action, Actor, EventKind, Fact, Json
from agentaudit_processor.policy import Policy

SERVER = "agentaudit"
"""Agent name and session id of the server's own Events."""


def policy_change(before: Policy, after: Policy, *, author: str, note: str, at_ns: int) -> Fact:
    """A new version of the Policy; `data.changed` holds [old, new] of each field that differs."""
    old, new = _plain(before), _plain(after)
    changed: dict[str, Json] = {
        name: [old[name], new[name]] for name in new if old[name] != new[name]
    }
    data: dict[str, Json] = {"version": after.version, "changed": changed}
    if note:
        data["note"] = note
    return own_fact(EventKind.POLICY_CHANGE, "PolicyChange", author=author, at_ns=at_ns, data=data)


def own_fact(kind: EventKind, name: str, *, author: str, at_ns: int, data: dict[str, Json]) -> Fact:
    """A Fact of the server's own session. `author` is the shown prefix of the key that acted."""
    return Fact(
        fact_id=uuid4().hex,
        kind=kind,
        action=Action.CONFIG_CHANGE if kind is EventKind.POLICY_CHANGE else Action.OTHER,
        name=name,
        session_id=SERVER,
        actor=Actor(agent_name=SERVER, agent_version=__version__, user_id=author),
        trace_id=trace_id_of(SERVER),
        at_ns=at_ns,
        data=data,
        dialect=SERVER,
    )


def _plain(policy: Policy) -> dict[str, Any]:
    return {
        "logging_level": policy.logging_level.value,
        "frameworks": list(policy.frameworks),
        "blocking_enabled": policy.blocking_enabled,
        "block_on": policy.block_on.label,
    }
