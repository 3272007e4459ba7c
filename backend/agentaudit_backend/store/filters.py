"""One filter for every reader, so that list, counts, stats, export, PDF and API agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from agentaudit_processor.model import Action, Decision, EventKind, ReviewState, RiskLevel
from agentaudit_processor.query.terms import Field, Term

LOOKING = (EventKind.LOG_ACCESS, EventKind.EXPORT)
"""Kinds that tell who read this log; shown when asked for, so that looking changes no figure."""
USUAL_KINDS = tuple(kind for kind in EventKind if kind not in (*LOOKING, EventKind.HEARTBEAT))
"""Those meant where nobody speaks of kinds."""


def kinds_meant(terms: Iterable[Term]) -> tuple[EventKind, ...]:
    """Conditions on kinds beside a query's own `terms`: the usual ones, unless it speaks of any."""
    return () if any(term.field is Field.KIND for term in terms) else USUAL_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which Events; conditions are joined by AND, the values of one condition by OR.

    Empty tuple or None: no condition. `since`/`until` are aware datetimes, half-open:
    `[since, until)`.
    """

    since: datetime | None = None
    until: datetime | None = None
    risks: tuple[RiskLevel, ...] = ()
    actions: tuple[Action, ...] = ()
    decisions: tuple[Decision, ...] = ()
    users: tuple[str, ...] = ()
    """Actor labels (`Actor.label`), exact."""
    agents: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Rule ids; an Event has a Finding of one of them."""
    frameworks: tuple[str, ...] = ()
    """Ids of frameworks; an Event met a Control of one of them."""
    kinds: tuple[EventKind, ...] = ()
    pii: bool | None = None
    """True: some personal data type was found; False: none."""
    reviews: tuple[ReviewState, ...] = ()
    terms: tuple[Term, ...] = ()
    """What was typed; each is a condition of its own."""
    words: tuple[str, ...] = ()
    """Texts that the summary must hold, case-insensitive."""
    words_excluded: tuple[str, ...] = ()
    """Texts that it must not hold."""
    numbers: tuple[int, ...] | None = None
    """Set by the store itself: the `pk` of each Event that words and terms may mean."""
    is_widespread: bool = False
    """Likewise: these Events are too many to be named; nobody need try again."""


NO_CHOICE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "risks": (),
        "decisions": (),
        "actions": (),
        "tools": (),
        "users": (),
        "agents": (),
        "hosts": (),
        "rules": (),
        "frameworks": (),
        "pii": None,
    }
)
"""Fields of an EventFilter that facets set, as they are where nothing is chosen."""
