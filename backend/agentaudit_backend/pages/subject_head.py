"""What the page of a user, an agent or a host says above its figures."""

from dataclasses import dataclass
from datetime import datetime

from agentaudit_backend.store.reading.subjects import HookHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """How the hook of a host does, beside what the server has now."""

    health: HookHealth
    silent_ms: int | None
    """Since it last said that it was alive; None: it never did."""
    policy_now: str
    packs_now: str
    drift_href: str | None
    gaps_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A user, an agent or a host, with a page of its own."""

    kind: str
    name: str
    last_seen: datetime
    sessions: str
    hook: Hook | None = None
    """Of a host."""
