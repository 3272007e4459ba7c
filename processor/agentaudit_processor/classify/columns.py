"""Cells below a head: CSV, and tables as psql, mysql and Markdown print them.

The name of the data stands once, at the top; the values may follow a hundred lines below.
"""

from collections.abc import Iterator
from typing import Any

MAX_CELLS = 300
_MAX_HEAD_BYTES = 2_000
_MAX_HEADS = 4
_DELIMITERS = (b",", b";", b"\t", b"|")
_RULER = b"-+|=: "


def cells_below(heads: Any, text: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of every cell in a column whose head `heads` (RE2) matches."""
    left = MAX_CELLS
    at = 0
    for _ in range(_MAX_HEADS):
        head = heads.search(text, at)
        if head is None:
            return
        named = head.end() - 1  # the sign behind the name may be the delimiter, or the line's end
        start = max(text.rfind(b"\n", 0, named), text.rfind(b"\x00", 0, named)) + 1
        stop = _line_end(text, named)
        at = stop
        for span in _column(text, start, named, stop):
            yield span
            left -= 1
            if left <= 0:
                return


def _line_end(text: bytes, at: int) -> int:
    ends = (text.find(sign, at) for sign in (b"\n", b"\x00"))
    return min((end for end in ends if end >= 0), default=len(text))


def _column(text: bytes, start: int, named: int, stop: int) -> Iterator[tuple[int, int]]:
    head = text[start:stop]
    if len(head) > _MAX_HEAD_BYTES or not text.startswith(b"\n", stop):
        return
    # a head names columns: it holds no numbers, but for the key that the sheet lays before it
    delimiter = max(_DELIMITERS, key=head.count)
    width = head.count(delimiter)
    if width == 0 or any(cell.strip(b" \"'").isdigit() for cell in head.split(delimiter)):
        return
    index = text.count(delimiter, start, named)
    at = stop + 1
    while at < len(text):
        end = _line_end(text, at)
        cells = _cells(text, at, end, delimiter)
        ruled = at < end and not text[at:end].strip(_RULER)
        if not ruled and len(cells) != width + 1:
            return
        if not ruled:
            yield _bare(text, *cells[index])
        if not text.startswith(b"\n", end):
            return
        at = end + 1


def _cells(text: bytes, start: int, end: int, delimiter: bytes) -> list[tuple[int, int]]:
    """Where the cells of a line are; a delimiter between double quotes parts nothing."""
    cells: list[tuple[int, int]] = []
    quoted = False
    at = start
    for piece in text[start:end].split(delimiter):
        if quoted:
            cells[-1] = (cells[-1][0], at + len(piece))
        else:
            cells.append((at, at + len(piece)))
        quoted ^= piece.count(b'"') % 2 == 1
        at += len(piece) + 1
    return cells


def _bare(text: bytes, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in b" \"'":
        start += 1
    while end > start and text[end - 1] in b" \"'\r":
        end -= 1
    return start, end
