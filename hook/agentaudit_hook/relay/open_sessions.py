"""Sessions that have not ended, and the heartbeats that say of each that it is being recorded.

A heartbeat takes the next number of its session, so that the server also misses a record that was
the last one. Heartbeats end with the relay, when no hook was called for half an hour; so nothing
is kept of them, and the next relay learns of a session by its next record. The numbers themselves
outlive relays (`sequences`); what a full spool lost of a session is read off its records, and is
remembered nowhere (`dropped`).
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from agentaudit_hook import __version__
from agentaudit_processor.model import Action, Activity, EventKind, Fact, Json

HEARTBEAT = "Heartbeat"
MAX_SESSIONS = 1_024


@dataclass(frozen=True, slots=True)
class _Open:
    last: Activity
    told_ns: int
    """When its heartbeat, or its first record, was told."""


class OpenSessions:
    """Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}

    def heard(self, activities: Iterable[Activity], now_ns: int) -> None:
        """Take note of what was recorded: a session is open from its first record to its end."""
        with self._lock:
            for activity in activities:
                if isinstance(activity, Fact) and activity.kind is EventKind.LOGGING_STATE:
                    continue  # about recording itself, in whatever session it is told
                known = self._open.pop(activity.session_id, None)
                if isinstance(activity, Fact) and activity.action is Action.SESSION_END:
                    continue
                told_ns = known.told_ns if known else now_ns
                self._open[activity.session_id] = _Open(activity, told_ns)
            while len(self._open) > MAX_SESSIONS:
                del self._open[next(iter(self._open))]

    def heartbeats(self, now_ns: int, interval_ns: int, *, waiting: int) -> list[Fact]:
        """Those that are due; none for an interval of 0. A clock that jumps makes one due.

        Args:
            waiting: records in the spool that the server has not acknowledged.
        """
        with self._lock:
            due = {
                session_id: one.last
                for session_id, one in self._open.items()
                if interval_ns and not 0 <= now_ns - one.told_ns < interval_ns
            }
            self._open |= {session_id: _Open(last, now_ns) for session_id, last in due.items()}
        state: dict[str, Json] = {
            "interval_seconds": interval_ns // 1_000_000_000,
            "hook_version": __version__,
            "waiting": waiting,
        }
        return [_heartbeat(last, now_ns, state) for last in due.values()]

    def __len__(self) -> int:
        return len(self._open)


def _heartbeat(last: Activity, at_ns: int, state: dict[str, Json]) -> Fact:
    stamp = f"heartbeat|{last.session_id}|{at_ns}".encode("utf-8", "replace")
    return Fact(
        fact_id=sha256(stamp).hexdigest()[:32],
        kind=EventKind.HEARTBEAT,
        action=Action.OTHER,
        name=HEARTBEAT,
        session_id=last.session_id,
        actor=last.actor,
        trace_id=last.trace_id,
        at_ns=at_ns,
        data=state,
    )
