"""The spool: records on disk, in order, until the receiver has acknowledged them.

A segment file is a run of `size(4) crc32(4) payload`, big-endian; its name is the number of its
first record. The cursor file names the first record that is not acknowledged. A record is synced
before `append` returns; a torn tail (power loss in mid-write) is cut off at the next start. Writers
may be many threads; the reader is one. Who opens a spool must hold the lock of its folder.
"""

import json
import logging
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

SEGMENT_BYTES = 4 * 1024 * 1024
_HEAD = 8
_log = logging.getLogger(__name__)
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class Spool:
    """Append at the end, read from the cursor, acknowledge what was delivered."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._write_lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self.grown = threading.Event()
        self._acknowledged = _read_cursor(folder)
        self._file, self._next = self._open_last()
        self._synced = self._next
        self._drop_delivered()

    @property
    def pending(self) -> int:
        """How many records wait for an acknowledgement."""
        return max(0, self._synced - self._acknowledged)

    def append(self, payloads: Sequence[bytes]) -> None:
        """Write records and return once they are on disk; all of them or none.

        Raises:
            OSError: the disk is full or fails; the spool is as before.
        """
        if not payloads:
            return
        framed = b"".join(map(_framed, payloads))
        with self._write_lock:
            start = os.lseek(self._file, 0, os.SEEK_END)
            if start >= self._segment_bytes:
                self._turn_segment()
                start = 0
            self._write_all(framed, start)
            self._next += len(payloads)
            mine = self._next
        self._sync_up_to(mine)
        self.grown.set()

    def read(self, max_records: int, max_bytes: int) -> list[tuple[int, bytes]]:
        """Records from the cursor on with their numbers; at least one, if there is one."""
        found: list[tuple[int, bytes]] = []
        size = 0
        for number, payload in self._records_from(self._acknowledged):
            size += len(payload)
            if number >= self._synced or (found and size > max_bytes):
                break
            found.append((number, payload))
            if len(found) == max_records:
                break
        return found

    def acknowledge(self, number: int) -> None:
        """The receiver has record `number` and all before it: forget them."""
        self._acknowledged = max(self._acknowledged, number + 1)
        try:
            _write_cursor(self._folder, self._acknowledged)
        except OSError as error:  # a full disk: dropping what was delivered is what mends that
            _log.warning("cursor: %s; a restart sends some records again", error)
        self._drop_delivered()

    def close(self) -> None:
        """Close the file, and leave no content behind if all of it was delivered."""
        os.close(self._file)
        if not self.pending:
            for number in self._segment_numbers():
                _segment_path(self._folder, number).unlink(missing_ok=True)

    def _write_all(self, framed: bytes, start: int) -> None:
        try:
            rest = memoryview(framed)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, start)  # half a record would hide the ones after it
            raise

    def _sync_up_to(self, number: int) -> None:
        """One fdatasync serves every record written before it: concurrent callers share it."""
        with self._sync_lock:
            if self._synced >= number:
                return
            written = self._next
            _sync(self._file)
            self._synced = written

    def _turn_segment(self) -> None:
        with self._sync_lock:  # nobody may be syncing the file that is closed here
            _sync(self._file)
            self._synced = self._next
            os.close(self._file)
            self._file = _open_segment(self._folder, self._next)

    def _open_last(self) -> tuple[int, int]:
        """The file to append to, its torn tail cut off, and the number of the next record."""
        numbers = self._segment_numbers()
        if not numbers:
            return _open_segment(self._folder, self._acknowledged), self._acknowledged
        data = _segment_path(self._folder, numbers[-1]).read_bytes()
        count, end = _count_whole(data)
        following = numbers[-1] + count
        if following < self._acknowledged:  # what was delivered has gone from the disk
            return _open_segment(self._folder, self._acknowledged), self._acknowledged
        file = _open_segment(self._folder, numbers[-1])
        if end < len(data):
            os.ftruncate(file, end)
            _sync(file)
        return file, following

    def _records_from(self, start: int) -> Iterator[tuple[int, bytes]]:
        numbers = self._segment_numbers()
        for index, first in enumerate(numbers):
            following = numbers[index + 1] if index + 1 < len(numbers) else None
            if following is not None and following <= start:
                continue
            number = first
            for payload in _payloads(_segment_path(self._folder, first).read_bytes()):
                if number >= start:
                    yield number, payload
                number += 1
            if following is not None and number < following:
                _log.error("segment %d is damaged: %d records lost", first, following - number)

    def _segment_numbers(self) -> list[int]:
        return sorted(int(p.stem) for p in self._folder.glob("*.seg") if p.stem.isdigit())

    def _drop_delivered(self) -> None:
        """Delete every segment whose last record is acknowledged, but never the newest."""
        numbers = self._segment_numbers()
        for first, following in pairwise(numbers):
            if following <= self._acknowledged:
                _segment_path(self._folder, first).unlink(missing_ok=True)


def _framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + zlib.crc32(payload).to_bytes(4, "big") + payload


def _payloads(data: bytes) -> Iterator[bytes]:
    """Whole records from the start; ends at the first that is torn or damaged."""
    at = 0
    while at + _HEAD <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        payload = data[at + _HEAD : at + _HEAD + size]
        # Blocks of zeros, as a power loss leaves them, have the right checksum of nothing.
        if (
            not size
            or len(payload) < size
            or zlib.crc32(payload) != int.from_bytes(data[at + 4 : at + 8], "big")
        ):
            return
        yield payload
        at += _HEAD + size


def _count_whole(data: bytes) -> tuple[int, int]:
    """How many whole records, and where the last of them ends."""
    count = end = 0
    for payload in _payloads(data):
        count += 1
        end += _HEAD + len(payload)
    return count, end


def _segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:020d}.seg"


def _open_segment(folder: Path, number: int) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    file = os.open(_segment_path(folder, number), flags, 0o600)
    _sync_folder(folder)
    return file


def _sync_folder(folder: Path) -> None:
    """A new file is only there after power loss if its folder was synced too."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _read_cursor(folder: Path) -> int:
    try:
        return int(json.loads((folder / "cursor").read_bytes())["next"])
    except (OSError, ValueError, KeyError, TypeError):
        # Without a cursor all is sent again: the receiver knows the ids.
        numbers = sorted(int(p.stem) for p in folder.glob("*.seg") if p.stem.isdigit())
        return numbers[0] if numbers else 0


def _write_cursor(folder: Path, number: int) -> None:
    path = folder / "cursor"
    fresh = folder / "cursor.tmp"
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, json.dumps({"next": number}).encode())
    finally:
        os.close(file)
    fresh.replace(path)
