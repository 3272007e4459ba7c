"""The keeper: puts records into the spool, and makes room where there is none.

Room is short when the spool has reached its limit, or the disk is full. Then the oldest results go,
and at the limit, when no results are left, the oldest of all else. What goes is counted by session
and itself recorded, so that a gap is never silent.
"""

import errno
import threading
import time
from collections.abc import Sequence
from itertools import groupby

from agentaudit_hook.relay.dropped import dropped_facts
from agentaudit_hook.relay.records import is_result, pack_record
from agentaudit_hook.relay.spool import Segment, Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_processor.model import Activity, Fact

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_MAX_DROPS = 64
"""Segments that one call may drop: a bound, should facts of drops fill what drops make free."""

Run = tuple[bool, list[bytes]]


class Keeper:
    """Safe for several threads."""

    def __init__(self, spool: Spool, max_bytes: int, status: StatusFile) -> None:
        self._spool = spool
        self._max_bytes = max_bytes
        self._status = status
        self._lock = threading.Lock()
        self._dropped = 0

    def keep(self, activities: Sequence[Activity]) -> int:
        """Write records and return once they are on disk, in this order.

        Returns:
            The number that `Spool.acknowledged` reaches once they are delivered.

        Raises:
            OSError: the disk fails, or is full of what is not ours to drop.
        """
        runs = _packed(activities)
        size = sum(len(payload) for _, payloads in runs for payload in payloads)
        if self._spool.size_bytes + size > self._max_bytes:
            self._make_room(size)
        for _ in range(_MAX_DROPS):
            try:
                return self._append(runs)
            except OSError as error:
                if error.errno not in _NO_ROOM or not self._drop_result(runs):
                    raise
        return self._append(runs)

    def _append(self, runs: list[Run]) -> int:
        """A run that is on disk leaves the list, so that trying again does not write it twice."""
        number = 0
        while runs:
            expendable, payloads = runs[0]
            number = self._spool.append(payloads, expendable=expendable)
            del runs[0]
        return number

    def _make_room(self, size: int) -> None:
        with self._lock:
            for _ in range(_MAX_DROPS):
                if self._spool.size_bytes + size <= self._max_bytes:
                    return
                segment = self._spool.oldest()
                if segment is None:
                    return
                # Told first: a crash in between drops it again, under the same fact's id.
                self._append(_packed(self._facts_of(segment, "the spool reached its limit")))
                self._spool.drop(segment)

    def _drop_result(self, runs: list[Run]) -> bool:
        """On a full disk: drop first, then there is room to tell it. False when no result is left.

        Older requests stay: they are worth no less than the one at hand.
        """
        with self._lock:
            segment = self._spool.oldest()
            if segment is None or not segment.expendable:
                return False
            facts = self._facts_of(segment, "the disk is full")
            self._spool.drop(segment)
            runs[:0] = _packed(facts)
        return True

    def _facts_of(self, segment: Segment, reason: str) -> list[Fact]:
        if not segment.records:
            return []
        self._dropped += len(segment.records)
        self._status.tell(
            "dropped",
            f"{self._dropped} records that could not be delivered were dropped, because {reason}. "
            "Each session's timeline says how many of its own. See what holds up delivery.",
        )
        return dropped_facts(segment, reason, time.time_ns())


def _packed(activities: Sequence[Activity]) -> list[Run]:
    now_ns = time.time_ns()
    return [
        (expendable, [pack_record(activity, now_ns) for activity in run])
        for expendable, run in groupby(activities, key=is_result)
    ]
