"""Fills a store with the demonstration, through the real judge and the real way of writing.

Activities that say the same are judged once: who acted, in which Session and when changes no
verdict. So a million Events take minutes, with ledger leaves and figures like any others.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from agentaudit_backend.demo.plan import plan_sessions
from agentaudit_backend.demo.story import Scene, scenes
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.values import to_nanoseconds
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import Activity, AuditEvent, Decision, Fact, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy

_PER_WRITE = 4096
Progress = Callable[[int], None]
"""Called after each write with the number of Events so far."""


class NotEmpty(RuntimeError):
    """The store holds Events of real agents."""


def seed(
    store: Store,
    judge: Judge,
    organization_id: int,
    *,
    events: int,
    days: int,
    seed: int,
    now: datetime,
    force: bool = False,
    progress: Progress = lambda _written: None,
) -> int:
    """Add a demonstration of `events` Events over `days`; gives how many were written.

    The same `seed` and `now` give the same Events.

    Raises:
        NotEmpty: there are Events of real agents, and `force` is not set.
        Unavailable: the database went away.
    """
    if not force and store.has_real_sessions(organization_id):
        raise NotEmpty("there are events of real agents here")
    policy = store.policy(organization_id)
    examiner = Examiner(judge, policy)
    told = (_stopped_from(examiner.event(scene)) for scene in in_order(events, days, seed, now))
    written = 0
    while batch := list(islice(told, _PER_WRITE)):
        store.write(organization_id, batch)
        written += len(batch)
        progress(written)
    return written


def in_order(events: int, days: int, seed: int, now: datetime) -> Iterator[Scene]:
    """The scenes of all Sessions by time; only those that go on at once are held."""
    salt = f"{seed}|{now.isoformat()}"
    dice = random.Random(seed)  # noqa: S311  a demonstration, not a secret
    waiting = iter(plan_sessions(dice, events, days, now))
    plan = next(waiting, None)
    going: list[tuple[int, int, Scene, Iterator[Scene]]] = []
    while plan is not None or going:
        while plan is not None and (not going or to_nanoseconds(plan.start) <= going[0][0]):
            _enter(going, plan.number, scenes(plan, salt=salt, now=now))
            plan = next(waiting, None)
        _, number, scene, rest = heapq.heappop(going)
        yield scene
        _enter(going, number, rest)


def _enter(
    going: list[tuple[int, int, Scene, Iterator[Scene]]], number: int, rest: Iterator[Scene]
) -> None:
    scene = next(rest, None)
    if scene is not None:
        heapq.heappush(going, (_began(scene), number, scene, rest))


def _began(scene: Scene) -> int:
    activity = scene.activity
    return activity.at_ns if isinstance(activity, Fact) else activity.started_ns


class Examiner:
    """The judge, asked once about what is alike."""

    def __init__(self, judge: Judge, policy: Policy) -> None:
        self._judge = judge
        self._policy = policy
        self._known: dict[tuple[Any, ...], AuditEvent] = {}

    def event(self, scene: Scene) -> AuditEvent:
        """The scene's Event."""
        known = self._known.get(scene.alike)
        if known is None:
            examined = self._judge.examine(scene.activity, digest_key=self._policy.digest_key)
            known = self._known[scene.alike] = examined.event(self._policy)
            return known
        return _retold(known, scene.activity)


def _stopped_from(event: AuditEvent) -> AuditEvent:
    """A call that was stopped says from which level on, as the policy of that team had it."""
    verdict = event.verdict
    if verdict.decision is not Decision.BLOCK or verdict.threshold is not None:
        return event
    return replace(event, verdict=replace(verdict, threshold=verdict.risk_level))


def _retold(known: AuditEvent, activity: Activity) -> AuditEvent:
    """`known`, of an Activity alike, as the Event of `activity`; texts are the masked ones."""
    told = known.activity
    own_id = activity.call_id if isinstance(activity, ToolCall) else activity.fact_id
    if isinstance(activity, ToolCall) and isinstance(told, ToolCall):
        activity = replace(activity, arguments=told.arguments, result=told.result, cwd=told.cwd)
    elif isinstance(activity, Fact) and isinstance(told, Fact):
        activity = replace(activity, data=told.data, cwd=told.cwd)
    return replace(known, event_id=event_id_of(activity.session_id, own_id), activity=activity)
