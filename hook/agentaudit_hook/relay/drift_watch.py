"""Drift as a record: that somebody changed what `install` wrote must be seen on the server too.

Looked at when a relay starts, when a session does, and when an agent tells of changed settings.
As if it were an agent, so that its facts go the way of all others. Each state of a settings file is
one fact, whose id follows from it: told again after a restart, it is the same Event.
"""

from collections.abc import Mapping
from hashlib import sha256
from itertools import groupby

from agentaudit_hook.agents.own import own_fact
from agentaudit_hook.agents.shape import Heard, Told
from agentaudit_hook.installing.drift import Drift, find_drift
from agentaudit_hook.installing.manifest import standing
from agentaudit_processor.model import Action, Fact

DRIFT = "HookDrift"
CHANGED = b'"ConfigChange"'
"""Name of the event by which Claude Code tells that one of its settings files has changed."""


def is_time_to_look(verb: str, body: bytes) -> bool:
    """Whether an event may have come of changed settings: a session's start, or word of a change.

    Args:
        verb: that the hook was called with.
        body: what the agent said, which is not parsed for this.
    """
    return verb == "session-start" or (verb == "event" and CHANGED in body)


class DriftWatch:
    """Tells each drift once in its life."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._told: set[str] = set()

    def parse(self, told: Told) -> Heard:
        """The drift that was not told yet, whatever the event."""
        since = sorted(one.written_at for one in standing(self._env))
        facts = []
        for path, drifts in groupby(find_drift(self._env), lambda one: one.path):
            changes = list(drifts)
            fact_id = _id_of(changes, since)
            if fact_id not in self._told:
                self._told.add(fact_id)
                facts.append(_fact(told, path, changes, fact_id))
        return Heard(event_name=DRIFT, facts=tuple(facts))

    def deny(self, _: str) -> bytes:
        """Nothing is ever asked here."""
        return b""


def _fact(told: Told, path: str, changes: list[Drift], fact_id: str) -> Fact:
    return own_fact(
        told,
        DRIFT,
        fact_id,
        action=Action.CONFIG_CHANGE,
        data={
            "file": path,
            "agent": changes[0].client,
            "scope": changes[0].scope,
            "changes": [one.what for one in changes],
        },
    )


def _id_of(changes: list[Drift], since: list[str]) -> str:
    """The same for the same state; another one after the next install."""
    parts = [*since, *(f"{one.path}|{one.kind}|{one.what}" for one in changes)]
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
