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
    """The document, with digests for the texts of own packs: the version of the policy has them."""
    packs = [f"sha256:{sha256(pack.encode()).hexdigest()}" for pack in policy.packs]
    return to_document(policy) | {"packs": packs}
