"""The spool: records on disk, in order, until the receiver has acknowledged them.

Two lanes of segment files share one count: what may go first when room is short (ends of calls,
with their results) and what may not (requests with their verdicts, facts). The cursor file names
the first record that is not acknowledged. A record is synced before `append` returns. Writers may
be many threads; the reader is one. Who opens a spool must hold the lock of its folder.
"""

import errno
import heapq
import json
import logging
import os
import threading
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentaudit_hook.places import NO_FOLLOW
from agentaudit_hook.relay.files import open_private_folder
from agentaudit_hook.relay.segments import Damage, Lane, Numbered

SEGMENT_BYTES = 4 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The oldest segment of a lane: what goes next when room is short."""

    number: int
    expendable: bool
    records: tuple[Numbered, ...]
    """Those that are not acknowledged."""


class Spool:
    """Append at the end, read from the cursor, acknowledge what was delivered."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        open_private_folder(folder)
        self._folder = folder
        self._write_lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self.grown = threading.Event()
        self._lanes = {
            False: Lane(folder / "requests", segment_bytes),
            True: Lane(folder / "results", segment_bytes),
        }
        highest = max(lane.next_number for lane in self._lanes.values())
        self._acknowledged = _read_cursor(folder, default=self._lowest() or 0)
        self._next = self._synced = max(highest, self._acknowledged)
        self._gone: list[int] = []
        """Numbers of dropped records from the cursor on, sorted."""
        self._drop_delivered()

    @property
    def pending(self) -> int:
        """How many records wait for an acknowledgement."""
        return max(0, self._synced - self._acknowledged - len(self._gone))

    @property
    def acknowledged(self) -> int:
        """The number below which the receiver has every record that was not dropped."""
        return self._acknowledged

    @property
    def size_bytes(self) -> int:
        """What its segments take on the disk."""
        return sum(lane.size_bytes for lane in self._lanes.values())

    def append(self, payloads: Sequence[bytes], *, expendable: bool = False) -> int:
        """Write records and return once they are on disk; all of them or none.

        Args:
            payloads: at least one byte each.
            expendable: they may go first when room is short.

        Returns:
            The number that follows theirs: what `acknowledged` reaches once they are delivered.

        Raises:
            OSError: the disk is full or fails; the spool is as before.
        """
        lane = self._lanes[expendable]
        with self._write_lock:
            if payloads and lane.is_full:
                with self._sync_lock:
                    lane.turn(self._next)
            if payloads:
                self._write(lane, payloads)
            self._next += len(payloads)
            mine = self._next
        self._sync_up_to(mine)
        self.grown.set()
        return mine

    def read(self, max_records: int, max_bytes: int) -> list[Numbered]:
        """Records from the cursor on with their numbers; at least one, if there is one."""
        found: list[Numbered] = []
        size, synced = 0, self._synced
        for number, payload in self._records_from(self._acknowledged):
            size += len(payload)
            if number >= synced or (found and size > max_bytes):
                break
            found.append((number, payload))
            if len(found) == max_records:
                break
        if not found and self._acknowledged < synced:  # dropped or damaged, all that was left
            self.acknowledge(synced - 1)
        return found

    def acknowledge(self, number: int) -> None:
        """The receiver has record `number` and all before it: forget them."""
        self._acknowledged = max(self._acknowledged, number + 1)
        try:
            _write_cursor(self._folder, self._acknowledged)
        except OSError as error:  # a full disk: dropping what was delivered is what mends that
            _log.warning("cursor: %s; a restart sends some records again", error)
        with self._write_lock:
            del self._gone[: bisect_left(self._gone, self._acknowledged)]
            self._drop_delivered()

    def oldest(self) -> Segment | None:
        """What goes next when room is short: results before all else, old before new."""
        for expendable in (True, False):
            with self._write_lock:
                lane = self._lanes[expendable]
                number = lane.oldest()
                records = [] if number is None else lane.records_of(number)
            if number is not None:
                waiting = tuple(r for r in records if r[0] >= self._acknowledged)
                return Segment(number=number, expendable=expendable, records=waiting)
        return None

    def drop(self, segment: Segment) -> None:
        """Delete a segment though it waits: what was in it is lost."""
        with self._write_lock, self._sync_lock:
            self._lanes[segment.expendable].drop(segment.number)
            for number, _ in segment.records:
                insort(self._gone, number)

    def damages(self) -> list[Damage]:
        """What of the segments was found to be no records, since this was last asked."""
        return [one for lane in self._lanes.values() for one in lane.damages()]

    def close(self) -> None:
        """Close the files, and leave no content behind if all of it was delivered."""
        for lane in self._lanes.values():
            lane.close(leave_nothing=not self.pending)

    def _write(self, lane: Lane, payloads: Sequence[bytes]) -> None:
        try:
            lane.append(payloads, self._next)
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            with self._sync_lock:  # `ulimit -f` bounds a file: a new one has room
                lane.turn(self._next)
            lane.append(payloads, self._next)

    def _sync_up_to(self, number: int) -> None:
        """One sync serves every record written before it: concurrent callers share it."""
        with self._sync_lock:
            if self._synced >= number:
                return
            written = self._next
            for lane in self._lanes.values():
                lane.sync()
            self._synced = written

    def _records_from(self, start: int) -> Iterator[Numbered]:
        return heapq.merge(*(lane.records_from(start) for lane in self._lanes.values()))

    def _drop_delivered(self) -> None:
        for lane in self._lanes.values():
            lane.drop_below(self._acknowledged)

    def _lowest(self) -> int | None:
        numbers = [lane.oldest() for lane in self._lanes.values()]
        return min((number for number in numbers if number is not None), default=None)


def _read_cursor(folder: Path, *, default: int) -> int:
    try:
        return int(json.loads((folder / "cursor").read_bytes())["next"])
    except (OSError, ValueError, KeyError, TypeError):
        return default  # without a cursor all is sent again: the receiver knows the ids


def _write_cursor(folder: Path, number: int) -> None:
    path = folder / "cursor"
    fresh = folder / "cursor.tmp"
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NO_FOLLOW, 0o600)
    try:
        os.write(file, json.dumps({"next": number}).encode())
    finally:
        os.close(file)
    fresh.replace(path)
