"""How long the client that asks will wait, by what it says in its frame.

Client and relay share the machine's monotonic clock, which no one sets.
"""

import time

from agentaudit_hook.agents.shape import Told
from agentaudit_hook.frames import UNTIL

DEFAULT_WAIT_SECONDS = 1.0
"""Of a client that does not say."""
MAX_WAIT_SECONDS = 10.0
ANSWER_SECONDS = 0.1


def has_gone(told: Told) -> bool:
    """Whether the client has given up, as when the machine slept: then it has done it its way."""
    until_ns = told.env.get(UNTIL, "")
    return until_ns.isdigit() and int(until_ns) < time.monotonic_ns()


def seconds_left(told: Told) -> float:
    """Until the client gives up, less what it takes to answer it."""
    until_ns = told.env.get(UNTIL, "")
    left = DEFAULT_WAIT_SECONDS
    if until_ns.isdigit():
        left = (int(until_ns) - time.monotonic_ns()) / 1e9
    return min(max(left - ANSWER_SECONDS, 0.0), MAX_WAIT_SECONDS)
