"""How records lie in a file of the spool: `size(4) crc32(4) number(8) payload`, big-endian.

What is damaged costs itself alone: where a record's size cannot be believed either, the next whole
one is looked for.
"""

import zlib
from collections.abc import Iterator

HEAD_BYTES = 16
_MOST_APART = 1 << 24
"""Numbers that may lie between two records of one file: a jump beyond it is no record."""
_ZEROS = b"\0\0\0\0"
"""How every number begins, and no payload does, being JSON."""


def framed(number: int, payload: bytes) -> bytes:
    """One record, as it is appended."""
    body = number.to_bytes(8, "big") + payload
    return len(payload).to_bytes(4, "big") + zlib.crc32(body).to_bytes(4, "big") + body


def frames_in(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where each whole record starts, its number and its payload; a damaged one is left out."""
    at: int | None = 0
    last = -1
    while at is not None and at + HEAD_BYTES <= len(data):
        end = _end_of(data, at)
        if end is None:
            at = _next_whole(data, at + 1, last)
            continue
        if _is_whole(data, at, end):
            last = _number_at(data, at)
            yield at, last, data[at + HEAD_BYTES : end]
        at = end


def _end_of(data: bytes, at: int) -> int | None:
    """Where the record ends that starts at `at`; None: its size cannot be right."""
    size = int.from_bytes(data[at : at + 4], "big")
    end = at + HEAD_BYTES + size
    # Blocks of zeros, as a power loss leaves them, are no records of size zero.
    return end if size and end <= len(data) else None


def _is_whole(data: bytes, at: int, end: int) -> bool:
    told = int.from_bytes(data[at + 4 : at + 8], "big")
    return zlib.crc32(memoryview(data)[at + 8 : end]) == told


def _number_at(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 8 : at + HEAD_BYTES], "big")


def _next_whole(data: bytes, at: int, last: int) -> int | None:
    """Where the next whole record starts, from `at` on; None: all that follows is torn."""
    stop = len(data.rstrip(b"\0"))
    while (zeros := data.find(_ZEROS, at + 8, stop)) >= 0:
        at = zeros - 8
        end = _end_of(data, at)
        is_near = last < _number_at(data, at) <= last + _MOST_APART or last < 0
        if end is not None and is_near and _is_whole(data, at, end):
            return at
        at += 1
    return None
