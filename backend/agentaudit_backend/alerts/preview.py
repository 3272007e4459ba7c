"""What a rule would have done with the Events of a time that has passed."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from agentaudit_backend.store.alert_views import Wanted


def would_have_fired(times: Iterable[datetime], wanted: Wanted) -> int:
    """How many alerts; `times` are those of the Events that the query finds, the oldest first.

    As `store.alert_matching` does it with each Event as it comes.
    """
    window, quiet = timedelta(seconds=wanted.window_s), timedelta(seconds=wanted.quiet_s)
    waiting: deque[datetime] = deque()
    quiet_until: datetime | None = None
    fired = 0
    for at in times:
        if quiet_until is not None and at < quiet_until:
            continue
        waiting.append(at)
        while waiting[0] <= at - window:
            waiting.popleft()
        if len(waiting) >= wanted.threshold:
            fired += 1
            quiet_until = at + quiet
            waiting.clear()
    return fired
