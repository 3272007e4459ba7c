"""A lane of the spool: segment files of framed records, appended to at the end, dropped whole.

A segment's name is the number of its first record. Numbers grow, with gaps, for other lanes have
theirs in between. A torn tail (power loss in mid-write) is cut off when the lane is opened; what is
damaged costs itself alone (`framing`), and is told.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from agentaudit_hook.places import NO_FOLLOW
from agentaudit_hook.relay.files import open_private_folder, sync_folder
from agentaudit_hook.relay.framing import HEAD_BYTES, framed, frames_in

_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
_log = logging.getLogger(__name__)

Numbered = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a reader was: in which segment, at which byte, before which number."""

    segment: int
    at: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Bytes of a segment that are no records any more."""

    segment: int
    at: int
    size_bytes: int
    beside: tuple[bytes, ...]
    """The whole records just before and just behind, as far as there are any."""


class Lane:
    """Not safe for several threads by itself: the Spool's locks order writers, readers are one."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        open_private_folder(folder)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._sizes = {n: self._path(n).stat().st_size for n in self._numbers_on_disk()}
        self._damages: dict[tuple[int, int], Damage] = {}
        self._told: set[tuple[int, int]] = set()
        self._spot = _Spot(0, 0, 0)
        self._file = -1
        self._end = 0
        self.next_number = 0
        """One more than the highest number found or written."""
        self._open_last()

    @property
    def size_bytes(self) -> int:
        """What its files take."""
        return sum(self._sizes.values())

    @property
    def is_full(self) -> bool:
        """Whether `turn` has to come before the next `append`."""
        return self._file < 0 or self._end >= self._segment_bytes

    def turn(self, first: int) -> None:
        """Start a segment at number `first`; the old one is synced before anything follows it.

        Nobody may be in `sync`, whose file is closed here.
        """
        fresh = _open_segment(self._path(first), self._folder)
        if self._file >= 0:
            _sync(self._file)
            os.close(self._file)
        self._file, self._end = fresh, 0
        self._sizes[first] = 0

    def append(self, payloads: Sequence[bytes], first: int) -> None:
        """Write records numbered from `first` on, not yet synced; all of them or none.

        Raises:
            OSError: the disk is full or fails; the lane is as before.
        """
        run = b"".join(framed(first + n, payload) for n, payload in enumerate(payloads))
        before = self._end
        try:
            _write_all(self._file, run)
        except OSError:
            os.ftruncate(self._file, before)  # half a record would hide the ones after it
            raise
        self._end = before + len(run)
        self._sizes[self._newest] = self._end
        self.next_number = first + len(payloads)

    def sync(self) -> None:
        """Bring everything written so far to the disk."""
        if self._file >= 0:
            _sync(self._file)

    def records_from(self, start: int) -> Iterator[Numbered]:
        """Records numbered `start` and higher, in order; not more than was written when asked."""
        for segment, following in pairwise([*sorted(self._sizes), None]):
            assert segment is not None  # noqa: S101  None stands last alone
            if following is not None and following <= start:
                continue
            at = self._spot.at if self._spot.segment == segment else 0
            for spot, payload in self._scan(segment, at, is_last=following is None):
                if spot.number < start:
                    self._spot = spot
                else:
                    yield spot.number, payload

    def drop_below(self, number: int) -> None:
        """Delete every segment whose records are all numbered lower, but never the newest."""
        for segment, following in pairwise(sorted(self._sizes)):
            if following <= number:
                self._unlink(segment)

    def oldest(self) -> int | None:
        """The oldest segment's name; None when nothing is written."""
        held = [segment for segment, size in self._sizes.items() if size]
        return min(held, default=None)

    def records_of(self, segment: int) -> list[Numbered]:
        """All records of one segment."""
        return [(spot.number, payload) for spot, payload in self._scan(segment, 0, is_last=True)]

    def drop(self, segment: int) -> None:
        """Delete one segment, delivered or not. Nobody may be in `sync`."""
        if segment == self._newest:
            os.close(self._file)
            self._file = -1
        self._unlink(segment)

    def close(self, *, leave_nothing: bool) -> None:
        """Close the file; with everything delivered, leave no content behind."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if leave_nothing:
            for segment in list(self._sizes):
                self._unlink(segment)

    @property
    def _newest(self) -> int:
        return max(self._sizes, default=-1)

    def _open_last(self) -> None:
        """Go on at the end of the newest segment, its torn tail cut off."""
        if not self._sizes:
            return
        newest = self._newest
        end, self.next_number = 0, newest
        for spot, payload in self._scan(newest, 0, is_last=True):
            end = spot.at + HEAD_BYTES + len(payload)
            self.next_number = spot.number + 1
        self._file = _open_segment(self._path(newest), self._folder)
        if end < self._sizes[newest]:
            os.ftruncate(self._file, end)
            _sync(self._file)
        self._end = self._sizes[newest] = end

    def _scan(self, segment: int, at: int, *, is_last: bool) -> Iterator[tuple[_Spot, bytes]]:
        """Records of a segment from byte `at` on. What follows the last whole one is torn."""
        try:
            with self._path(segment).open("rb") as file:
                file.seek(at)
                data = file.read()
        except FileNotFoundError:  # dropped meanwhile
            return
        done, before = 0, b""
        for start, number, payload in frames_in(data):
            if start > done:
                self._note_damage(segment, at + done, start - done, before, payload)
            done, before = start + HEAD_BYTES + len(payload), payload
            yield _Spot(segment, at + start, number), payload
        if done < len(data) and not is_last:
            self._note_damage(segment, at + done, len(data) - done, before)

    def damages(self) -> list[Damage]:
        """What was found damaged since this was last asked."""
        fresh = [one for place, one in list(self._damages.items()) if place not in self._told]
        self._told.update((one.segment, one.at) for one in fresh)
        return fresh

    def _note_damage(self, segment: int, at: int, size: int, *beside: bytes) -> None:
        if (segment, at) not in self._damages:
            _log.error("segment %d is damaged: %d bytes lost", segment, size)
            self._damages[segment, at] = Damage(
                segment=segment, at=at, size_bytes=size, beside=tuple(filter(None, beside))
            )

    def _unlink(self, segment: int) -> None:
        self._path(segment).unlink(missing_ok=True)
        del self._sizes[segment]

    def _numbers_on_disk(self) -> list[int]:
        return sorted(int(p.stem) for p in self._folder.glob("*.seg") if p.stem.isdigit())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:020d}.seg"


def _write_all(file: int, run: bytes) -> None:
    rest = memoryview(run)
    while rest:
        rest = rest[os.write(file, rest) :]


def _open_segment(path: Path, folder: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | NO_FOLLOW, 0o600)
    sync_folder(folder)
    return file
