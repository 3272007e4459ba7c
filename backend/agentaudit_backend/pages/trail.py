"""Steps of a trail: one Event each, silences named, and runs of harmless reads told as one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.query import Query
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import Action, RiskLevel

GAP: Final = timedelta(minutes=2)
"""A longer silence is named in the trail."""
_FEW = 3
"""So many reads in a row are shown each."""
_READS = (Action.FILE_READ, Action.FILE_SEARCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One Event of a trail. `gap_ms` is the silence before it, 0 when it was short."""

    event: EventRow
    href: str
    since_ms: int
    gap_ms: int
    alike: int = 0
    """Reads that this step stands for beside its own."""


def steps_of(events: tuple[EventRow, ...], start: datetime, query: Query) -> tuple[Step, ...]:
    """The steps of Events in order of time; `start` is the Session's."""
    steps = []
    last = events[0].at if events else start
    for event in events:
        silence = event.at - last
        steps.append(
            Step(
                event=event,
                href=framing.event_href(event.event_id, query),
                since_ms=max(0, framing.ms_of(event.at - start)),
                gap_ms=framing.ms_of(silence) if silence > GAP else 0,
            )
        )
        last = event.at
    return tuple(steps)


def folded(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps with each run of low reads and searches told as its first."""
    found: list[Step] = []
    for is_read, run in groupby(steps, _is_harmless_read):
        told = list(run)
        if is_read and len(told) > _FEW:
            found.append(replace(told[0], alike=len(told) - 1))
        else:
            found += told
    return tuple(found)


def _is_harmless_read(step: Step) -> bool:
    event = step.event
    return event.action in _READS and event.risk is RiskLevel.LOW and not event.secret_types
