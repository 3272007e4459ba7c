"""One request judged: its tool calls and facts become Events. Done here, or in another process."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter, time_ns
from typing import Any, Protocol

from agentaudit_processor.faults import log_fault
from agentaudit_processor.model import Activity, AuditEvent, Decision, RiskLevel
from agentaudit_processor.otlp import METRICS, Request, Signal
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.decode import Media
from agentaudit_processor.receivers.failures import too_many
from agentaudit_processor.receivers.reading import SHOWN_REASONS, read
from agentaudit_processor.receivers.remarks import remarks_on
from agentaudit_processor.receivers.shares import WHOLE, Share, keep_places
from agentaudit_processor.receivers.unjudged import unjudged
from agentaudit_processor.sinks.enrich import Enriched

_log = logging.getLogger(__name__)
MAX_ITEMS = 50_000
"""Spans or log records of one request. A span of 50 bytes becomes an Event of kilobytes."""
IN_STEP = 512
"""Items that are judged in step: more would only take memory."""

Sorts = Mapping[tuple[RiskLevel, Decision], int]
"""How many Events there are of each risk and decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is counted of one request."""

    accepted: int
    refused: int
    message: str
    """Why items were refused, and what else their sender may want to know."""
    judge_failures: int
    sorts: Sorts
    judging_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRequest:
    """A request without the items that were refused, and what became of the others."""

    request: Request
    events: list[AuditEvent]
    enriched: list[Enriched]
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A request as it came, to be judged elsewhere."""

    signal: str
    media: Media
    body: bytes
    organization_id: int
    policy: Policy
    share: Share = WHOLE
    """What of it is to be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What comes back: nothing of it needs to be looked into here."""

    figures: Figures
    batch: Any
    """The Events as `Elsewhere.store` takes them."""
    onward: tuple[tuple[str, int, bytes], ...]
    """To be forwarded: the signal's name, how many items, the request's bytes."""


class Elsewhere(Protocol):
    """Other processes that judge; this one has the ports, the store and the forwarding."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def judge(self, work: Work) -> Done | None:
        """Judge in another process; None: it has to be done here, now.

        Raises:
            Unavailable: the process died of it; the sender must keep it.
        """
        ...

    def store(self, organization_id: int, batch: Any) -> None:
        """As `Sink.write`, of what `judge` gave.

        Raises:
            Unavailable: it is not known to be stored.
        """
        ...


def judge_request(
    signal: Signal,
    request: Request,
    judge: Judge,
    policy_now: Callable[[], Policy],
    share: Share = WHOLE,
) -> JudgedRequest:
    """Judge a share of `request`, which is consumed: all else and refused items go out of it.

    Args:
        policy_now: gives the Policy in force; not asked where there is nothing to judge.

    Raises:
        Failure: it holds more than MAX_ITEMS.
    """
    count = signal.count(request)
    if signal is not METRICS and count > MAX_ITEMS:
        raise too_many(MAX_ITEMS)
    places = share.places_in(count)
    reading = read(request, places)
    began = perf_counter()
    judged: list[tuple[AuditEvent, bool]] = []
    if reading.read:
        policy = policy_now()
        wide = judge_under(judge, policy)
        activities = [activity for _, activity in reading.read]
        for first in range(0, len(activities), IN_STEP):
            judged += _judged(activities[first : first + IN_STEP], wide, policy)
    failures = sum(failed for _, failed in judged)
    remarks = remarks_on(
        (activity for _, activity in reading.read), now_ns=time_ns(), judge_failures=failures
    )
    figures = Figures(
        accepted=len(places) - len(reading.refused),
        refused=len(reading.refused),
        message="; ".join([*reading.reasons[:SHOWN_REASONS], *remarks]),
        judge_failures=failures,
        sorts=Counter((event.verdict.risk_level, event.verdict.decision) for event, _ in judged),
        judging_s=perf_counter() - began if judged else 0.0,
    )
    reading.drop_refused()
    if share != WHOLE:
        keep_places(request, range(places.start, places.stop - len(reading.refused)))
    return JudgedRequest(
        request=request,
        events=[event for event, _ in judged],
        enriched=[
            Enriched(item, raw, event, policy.digest_key)
            for (item, raw), (event, _) in zip(reading.read, judged, strict=True)
        ],
        figures=figures,
    )


def _judged(
    activities: Sequence[Activity], judge: Judge, policy: Policy
) -> list[tuple[AuditEvent, bool]]:
    """Their Events, and of each whether the judge failed."""
    try:
        examined = judge.examine_all(activities, digest_key=policy.digest_key)
        return [(one.event(policy), False) for one in examined]
    except Exception as error:  # noqa: BLE001  one call that breaks the judge must not cost the batch
        if len(activities) > 1:
            return [judged for one in activities for judged in _judged([one], judge, policy)]
        log_fault(_log, "judging a call", error)
        return [(unjudged(activities[0], policy, error), True)]
