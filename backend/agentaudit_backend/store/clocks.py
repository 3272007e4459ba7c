"""Whether the times of an Event can be right: a sender's clock gave them, ours gave the ledger's.

Both are stored and neither is corrected: lists go by the sender's, the ledger by when it came.
"""

from datetime import UTC, datetime, timedelta

from agentaudit_backend.store.demo_marks import DEMO_DIALECT
from agentaudit_backend.store.views import EventDetail
from agentaudit_processor.model import Phase

AHEAD = timedelta(minutes=1)
"""What clocks that are kept in step may differ by, with room."""
BEHIND = timedelta(days=1)
"""Later than this something comes only from a spool, which says so, or from a wrong clock."""
UNSET = datetime(1971, 1, 1, tzinfo=UTC)
"""Earlier times are those of a sender that gave none."""


def clock_note(event: EventDetail) -> str | None:
    """A sentence where the sender's clock cannot be right, or seems not to be."""
    if not event.leaves or event.dialect == DEMO_DIALECT:
        return None
    if event.started_at < UNSET:
        return f"The sender gave no time; it came at {_shown(event.leaves[0].recorded_at)}."
    ahead = _ahead(event)
    if ahead > AHEAD:
        return f"The sender's clock is ahead by {_span(ahead)}: this was received before it began."
    last = event.ended_at or event.started_at
    behind = event.leaves[-1].recorded_at - last
    if behind > BEHIND and not event.replayed:
        return (
            f"Received {_span(behind)} after its time: sent late, or its sender's clock is behind."
        )
    return None


def _ahead(event: EventDetail) -> timedelta:
    """By how much a time of the Event is later than the receipt of what told it."""
    received = {leaf.phase: leaf.recorded_at for leaf in reversed(event.leaves)}
    found = [event.started_at - event.leaves[0].recorded_at]
    if event.ended_at is not None and Phase.ENDED in received:
        found.append(event.ended_at - received[Phase.ENDED])
    return max(found)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _span(length: timedelta) -> str:
    if length.days:
        return f"{length.days:,} d"
    minutes = length.seconds // 60
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
