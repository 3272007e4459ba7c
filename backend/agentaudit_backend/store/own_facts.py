"""Facts that the server itself records: what was changed in it, by whom."""

from hashlib import sha256
from typing import Any
from uuid import uuid4

from agentaudit_processor import __version__
from agentaudit_processor.ids import trace_id_of
from agentaudit_processor.model import Action, Actor, EventKind, Fact, Json
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import to_document

SERVER = "agentaudit"
"""Agent name and session id of the server's own Events."""
DASHBOARD = "agentaudit-dashboard"
"""Session id of what people do on its pages."""
OWN_SESSIONS = (SERVER, DASHBOARD)
_CHANGES = (EventKind.POLICY_CHANGE, EventKind.CONFIG_CHANGE)


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


def own_fact(
    kind: EventKind,
    name: str,
    *,
    author: str,
    at_ns: int,
    data: dict[str, Json],
    session_id: str = SERVER,
    fact_id: str = "",
) -> Fact:
    """A Fact of one of the server's own sessions.

    `author` is the shown prefix of the key that acted, or the person. Facts of one kind with one
    `fact_id` are one Event, however often they are told; without it, each is its own.
    """
    return Fact(
        fact_id=f"{kind}|{fact_id}" if fact_id else uuid4().hex,
        kind=kind,
        action=Action.CONFIG_CHANGE if kind in _CHANGES else Action.OTHER,
        name=name,
        session_id=session_id,
        actor=Actor(agent_name=SERVER, agent_version=__version__, user_id=author),
        trace_id=trace_id_of(session_id),
        at_ns=at_ns,
        data=data,
        dialect=SERVER,
    )


def _plain(policy: Policy) -> dict[str, Any]:
    """The document, with digests for the texts of own packs: the version of the policy has them."""
    packs = [f"sha256:{sha256(pack.encode()).hexdigest()}" for pack in policy.packs]
    return to_document(policy) | {"packs": packs}
