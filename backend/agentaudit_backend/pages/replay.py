"""The replay of a Session: one step at a time, in order, with what ran and why it was judged so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.evidence import Evidence, evidence_of
from agentaudit_backend.pages.query import BadQuery, Query
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.reading.outline import Outlined
from agentaudit_backend.store.views import EventDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One step and the way to the others. Steps are counted from 1."""

    step: int
    steps: int
    at: datetime
    since_ms: int
    wait_ms: int
    """Until the next step."""
    event: EventDetail
    evidence: Evidence
    href: str
    first: str | None
    previous: str | None
    following: str | None
    last: str | None
    action: str


def at_step(visit: Visit, steps: Sequence[Outlined], here: str, query: Query) -> Replay | None:
    """The step that the address asks for, else the first; None of a Session without Events.

    Raises:
        BadQuery: it is no number of a step.
    """
    if not steps:
        return None
    step = _step(visit.request.query_params.get("step", "1"), len(steps))
    shown = steps[step - 1]
    event = visit.site.store.event(visit.organization_id, shown.event_id)
    if event is None:  # removed just now
        return None

    def leads(number: int) -> str | None:
        is_another = number != step and 1 <= number <= len(steps)
        return f"{here}?tab=replay&step={number}" if is_another else None

    following = steps[step].at if step < len(steps) else shown.at
    return Replay(
        step=step,
        steps=len(steps),
        at=shown.at,
        since_ms=max(0, framing.ms_of(shown.at - steps[0].at)),
        wait_ms=max(0, framing.ms_of(following - shown.at)),
        event=event,
        evidence=evidence_of(event),
        href=framing.event_href(event.row.event_id, query),
        first=leads(1),
        previous=leads(step - 1),
        following=leads(step + 1),
        last=leads(len(steps)),
        action=here,
    )


def _step(text: str, steps: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadQuery("step", f"“{text[:40]}” is none of 1 to {steps}")
    return min(max(1, int(text)), steps)
