"""What the page of a user, an agent or a host says above its figures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.clocks import AHEAD
from agentaudit_backend.store.reading.subjects import HookHealth
from agentaudit_backend.templates.text import duration
from agentaudit_processor import __version__
from agentaudit_processor.own_judge import judge_under

LATE: Final = timedelta(minutes=5)
"""A beat that was not sent late is received sooner, unless the clock of its host is behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """How the hook of a host does, beside what the server has now."""

    health: HookHealth
    silent_ms: int | None
    """Since it last said that it was alive; None: it never did."""
    version_now: str
    policy_now: str
    packs_now: str
    clock: str
    """How its clock stands to the server's, in words; empty where nothing tells."""
    clock_is_wrong: bool
    drift_href: str | None
    gaps_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A user, an agent or a host, with a page of its own."""

    kind: str
    name: str
    last_seen: datetime
    agent: str
    """The agent that was seen last, and its version where it told one."""
    host: str | None
    """Where that was; its page tells how the hook there does."""
    host_href: str | None
    sessions: str
    is_pseudonym: bool = False
    """The policy has names of people replaced by digests."""
    hook: Hook | None = None
    """Of a host."""


def hook_of(visit: Visit, host: str) -> Hook:
    """What the last records of a host tell."""
    store = visit.site.store
    policy = store.policy(visit.organization_id)
    health = store.hook_health(visit.organization_id, host)
    told = Query(facets={"host": (host,), "kind": ("gap",)}, range="all")
    clock, is_wrong = _clock(health.ahead)
    return Hook(
        health=health,
        silent_ms=framing.ms_of(visit.now - health.last_beat) if health.last_beat else None,
        version_now=__version__,
        policy_now=str(policy.version),
        packs_now=judge_under(visit.site.judge, policy).packs.version,
        clock=clock,
        clock_is_wrong=is_wrong,
        drift_href=framing.event_href(health.drift.event_id, Query(range="all"))
        if health.drift
        else None,
        gaps_href=told.url("/dashboard"),
    )


def _clock(ahead: timedelta | None) -> tuple[str, bool]:
    if ahead is None:
        return "", False
    span = duration(framing.ms_of(abs(ahead)))
    if ahead > AHEAD:
        return f"{span} ahead of the server's", True
    if ahead < -LATE:
        return f"{span} behind the server's, or its records come late", True
    return "in step with the server's", False
