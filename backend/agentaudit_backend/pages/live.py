"""The live tail: filtered Events as they come, told to a browser by server-sent events.

Whoever comes back says up to where it heard (`Last-Event-ID`), so that nothing is missed. All tails
of a process share one question a beat to the database, and only news make it ask more.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agentaudit_backend.pages.columns import USUAL
from agentaudit_backend.pages.doors import visiting
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.preferences import kept_columns, kept_zone
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.timeline import rows_of
from agentaudit_backend.store.store import Store
from agentaudit_backend.templates.environment import environment
from agentaudit_backend.templates.zones import read_in
from agentaudit_processor.ports import Unavailable

BEAT_S: Final = 0.5
"""How often news are told at most: two paints a second."""
MOST_ROWS: Final = 10
"""Rows of one beat; of more only the number is told, 20 a second are more than anybody reads."""
MOST_TAILS: Final = 100
SILENCE_S: Final = 15.0
"""After it a comment is sent, so that proxies keep the line open."""
LOOK_AGAIN_S: Final = 30.0
"""How often it is asked whether the log-in still holds."""
LONGEST_S: Final = 3600.0
"""A tail ends then; the browser begins another by itself."""


@dataclass(slots=True)
class Pulse:
    """The number of the latest Event, asked for once a beat however many tails listen."""

    store: Store
    tails: int = 0
    _latest: int = 0
    _asked: float = field(default=-1.0)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def latest(self) -> int:
        """It, at most one beat old."""
        async with self._lock:
            if time.monotonic() - self._asked >= BEAT_S:
                self._latest = await run_in_threadpool(self.store.latest_number)
                self._asked = time.monotonic()
            return self._latest


async def stream(request: Request) -> Response:
    """`text/event-stream` of what comes under the address's filter.

    Raises:
        BadQuery: a parameter is wrong.
        Problem: 401 without a log-in, 503 when too many listen.
    """
    visit = await run_in_threadpool(visiting, request)
    if visit is None:
        raise Problem(401, "Not logged in", "This takes a log-in.", "Log in and try again.")
    query = parse(request.query_params.multi_items())
    pulse: Pulse = request.app.state.pulse
    if pulse.tails >= MOST_TAILS:
        raise Problem(503, "Too many tails", "Too many browsers listen now.", "Try again later.")
    heard = request.headers.get("last-event-id") or request.query_params.get("heard", "")
    number = int(heard) if heard.isascii() and heard.isdecimal() and len(heard) < 19 else None
    return StreamingResponse(
        _told(visit, query, pulse, number),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


async def _told(visit: Visit, query: Query, pulse: Pulse, heard: int | None) -> AsyncIterator[str]:
    """The stream's text, until the log-in ends or an hour is over."""
    started = looked = spoke = time.monotonic()
    pulse.tails += 1
    try:
        latest = await pulse.latest()
        number = latest if heard is None else min(heard, latest)
        yield f"retry: 2000\nid: {number}\n\n"
        while (now := time.monotonic()) - started < LONGEST_S:
            if now - looked > LOOK_AGAIN_S:
                looked = now
                if await run_in_threadpool(visiting, visit.request) is None:
                    return
            try:
                if await pulse.latest() > number:
                    number, text = await run_in_threadpool(_news, visit, query, number)
                    if text:
                        spoke = now
                        yield text
            except Unavailable:
                return  # the browser comes back, and says up to where it heard
            if now - spoke > SILENCE_S:
                spoke = now
                yield ": still here\n\n"
            await asyncio.sleep(BEAT_S)
    finally:
        pulse.tails -= 1


def _news(visit: Visit, query: Query, number: int) -> tuple[int, str]:
    """Up to where was looked, and the message that tells what was found, if anything."""
    now = visit.site.clock()
    found = visit.site.store.arrived_after(visit.organization_id, query.filter(now), number)
    if not found.events:
        return found.upto, ""
    template = environment().get_template("partials/event_row_list.html")
    shown = found.events if len(found.events) <= MOST_ROWS else ()
    columns = query.columns or kept_columns(visit.request) or USUAL
    with read_in(kept_zone(visit.request), now):
        html = template.render(
            rows=rows_of(visit, shown, query, columns),
            year=now.year,
            columns=columns,
            selectable=True,
        )
    told = json.dumps({"count": len(found.events), "html": html if shown else ""})
    return found.upto, f"id: {found.upto}\nevent: rows\ndata: {told}\n\n"
