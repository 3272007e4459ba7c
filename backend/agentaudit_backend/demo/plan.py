"""When the Sessions of the demonstration are, whose, and how long: a team's weeks.

People work by day and rarely at the weekend, machines at any hour; there is somewhat more to do
every week, and one Session is going on now.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from agentaudit_backend.demo.team import MEMBERS, Member

_HOURS = (0, 0, 0, 0, 0, 0, 1, 4, 9, 12, 13, 11, 6, 9, 12, 12, 10, 7, 4, 2, 2, 1, 1, 0)
_WEEKEND = 0.12
_GROWTH = 0.6
"""How much more there is to do at the end than at the start."""
_SHORTEST, _LONGEST = 6, 240
_MARATHON = 2000
_MARATHON_AFTER = 50_000
"""A demonstration of more Events has one very long Session."""
_SINCE_LATEST = timedelta(minutes=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One Session to be: of `events` Events, beginning and ending among them."""

    number: int
    member: Member
    repository: str
    start: datetime
    events: int
    is_open: bool = False


def plan_sessions(dice: random.Random, events: int, days: int, now: datetime) -> list[Plan]:
    """Sessions of `events` Events altogether within `days` before `now`, the earliest first."""
    plans = []
    weights = [_weight(now - timedelta(days=days - day), day / days) for day in range(days + 1)]
    for number, size in enumerate(_sizes(dice, events)):
        member = dice.choices(MEMBERS, [each.share for each in MEMBERS])[0]
        day = dice.choices(range(days + 1), weights)[0]
        start = _hour(dice, now - timedelta(days=days - day), member)
        latest = now - _SINCE_LATEST - timedelta(minutes=dice.randint(2, 300))
        start = max(min(start, latest), now - timedelta(days=days))
        if number == 0:
            member, start = MEMBERS[0], now - _SINCE_LATEST
        plans.append(
            Plan(
                number=number,
                member=member,
                repository=dice.choice(member.repositories),
                start=start,
                events=size,
                is_open=number == 0,
            )
        )
    return sorted(plans, key=lambda plan: plan.start)


def _sizes(dice: random.Random, events: int) -> Iterator[int]:
    if events >= _MARATHON_AFTER:
        yield 60
        yield _MARATHON
        events -= 60 + _MARATHON
    while events > 0:
        size = min(int(dice.lognormvariate(3.7, 0.75)) + _SHORTEST, _LONGEST, events)
        yield size
        events -= size


def _weight(day: datetime, progress: float) -> float:
    weekend = day.weekday() >= 5
    return (_WEEKEND if weekend else 1.0) * (1 + _GROWTH * progress)


def _hour(dice: random.Random, day: datetime, member: Member) -> datetime:
    hour = dice.randrange(24) if member.by_night else dice.choices(range(24), _HOURS)[0]
    return day.replace(
        hour=hour, minute=dice.randrange(60), second=dice.randrange(60), microsecond=0
    )
