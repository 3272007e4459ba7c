"""What the routes need: the store, the judge, the clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.slack_app import SlackApp
from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One server's API; lives in `app.state.backend`."""

    store: Store
    judge: Judge
    slack: SlackApp | None = None
    """Whose clicks are taken."""
    guard: Guard | None = None
    """Where answers to clicks may go; None: nowhere."""
    clock_ns: Callable[[], int] = time.time_ns


def backend_of(request: Request) -> Backend:
    """The Backend that this request came to."""
    found: Backend = request.app.state.backend
    return found
