"""A page that would take long is made for a shorter time, and says so: nobody waits for ever."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import urlencode

from agentaudit_backend.pages.query import RANGES, Query
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.database import TooLong, patience

ANYWAY: Final = "patient"
"""Parameter of whoever waits, however long it takes."""
_SHORTER: Final = ("30d", "7d", "24h")
_WORDS: Final = {"30d": "30 days", "7d": "7 days", "24h": "24 hours"}

Page = TypeVar("Page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """That less is shown than was asked for."""

    words: str
    anyway: str
    """Where all of it is asked for."""


def within_patience(
    visit: Visit, query: Query, make: Callable[[Query], Page]
) -> tuple[Page, Stopped | None]:
    """The page of `query`, or else of the same over the longest time that is soon searched.

    Raises:
        TooLong: not even the shortest is.
    """
    if ANYWAY in visit.request.query_params:
        return make(query), None
    seconds = iter(visit.site.patience_s)
    first = next(seconds)
    try:
        with patience(first):
            return make(query), None
    except TooLong:
        for limit, (name, shorter) in zip(seconds, _shorter(query, visit.now), strict=False):
            try:
                with patience(limit):
                    return make(shorter), _told(visit, query, name, first)
            except TooLong:
                continue
        raise


def _shorter(query: Query, now: datetime) -> Iterator[tuple[str, Query]]:
    """The same at the end of its window, over ever shorter times."""
    since, until = query.window(now)
    end = until or now
    for name in _SHORTER:
        width = RANGES[name] or timedelta(0)
        if since is None or end - since > width:
            yield name, query.between(end - width, until) if until else query.ranged(name)


def _told(visit: Visit, query: Query, name: str, seconds: float) -> Stopped:
    path = visit.request.url.path
    return Stopped(
        words=f"To search all of this time takes longer than {seconds:g} s. "
        f"Shown are its last {_WORDS[name]}",
        anyway=f"{path}?{urlencode([*query.at(None).pairs(), (ANYWAY, '1')])}",
    )
