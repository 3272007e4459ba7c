"""Cells below a head: CSV, tables as psql, mysql and Markdown print them, rows of SQL (`inserts`).

The name of the data stands once, at the top; the values may follow a hundred lines below.
"""

import heapq
from collections.abc import Iterator
from itertools import islice

from agentaudit_processor.classify.inserts import ColumnList, column_list_at, rows_of
from agentaudit_processor.classify.patterns import Pattern

MAX_CELLS = 300
"""Cells that one rule looks at in one text."""
_MAX_HEAD_BYTES = 2_000
_MAX_HEADS = 32
_MAX_NAMED = 16
"""Further columns of one table that one rule looks at."""
_MAX_LINES_OF_CODE = 6
"""Heads that are none but calls, `check(user, password)`: after so many the text is a program."""
_DELIMITERS = (b",", b";", b"\t", b"|")
_RULER = b"-+|=: "


class Columns:
    """The columns of one text; one that many rules ask for is taken apart once."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._shapes: dict[int, tuple[bytes, int] | None] = {}
        self._known: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
        self._inserted: dict[int, tuple[list[tuple[int, int]], ...]] = {}

    def below(self, heads: Pattern) -> Iterator[tuple[int, int]]:
        """Start and end of the cells, at most 301 a column, below heads that `heads` matches.

        Row by row where one table has several such columns.
        """
        text = self._text
        at = lines_of_code = 0
        for _ in range(_MAX_HEADS):
            head = heads.find(text, at)
            if head is None:
                return
            named = head[0][1] - 1  # the sign behind the name may be the delimiter, or a line's end
            columns = column_list_at(text, named)
            start = _line_start(text, named) if columns is None else columns.start
            at = stop = _line_end(text, named) if columns is None else columns.end
            if columns is None and self._shape_at(start, stop) is None:  # most lines
                lines_of_code += text.find(b"(", start, stop) >= 0
                if lines_of_code == _MAX_LINES_OF_CODE:
                    return
                continue
            places = [named, *_places(heads, text, named, stop)]
            for span in heapq.merge(*(self._cells(start, one, stop, columns) for one in places)):
                yield span
                at = max(at, span[1])

    def _shape_at(self, start: int, stop: int) -> tuple[bytes, int] | None:
        if start not in self._shapes:
            self._shapes[start] = _shape(self._text, start, stop)
        return self._shapes[start]

    def _cells(
        self, start: int, named: int, stop: int, columns: ColumnList | None
    ) -> tuple[tuple[int, int], ...]:
        if columns is not None:
            return self._values(columns, columns.place_of(self._text, named))
        shape = self._shape_at(start, stop)
        if shape is None:
            return ()
        column = (start, self._text.count(shape[0], start, named))
        if column not in self._known:
            cells = _column(self._text, stop, *shape, column[1])
            self._known[column] = tuple(islice(cells, MAX_CELLS + 1))
        return self._known[column]

    def _values(self, columns: ColumnList, place: int) -> tuple[tuple[int, int], ...]:
        if columns.start not in self._inserted:
            rows = islice(rows_of(self._text, columns), MAX_CELLS + 1)
            self._inserted[columns.start] = tuple(rows)
        return tuple(row[place] for row in self._inserted[columns.start] if place < len(row))


def _places(heads: Pattern, text: bytes, named: int, stop: int) -> Iterator[int]:
    """Where further heads end on the line of one that ends at `named`."""
    at = named
    for _ in range(_MAX_NAMED):
        head = heads.find(text, at)
        if head is None or head[0][1] > stop + 1:
            return
        at = head[0][1] - 1
        yield at


def _line_start(text: bytes, at: int) -> int:
    return max(text.rfind(b"\n", 0, at), text.rfind(b"\x00", 0, at)) + 1


def _line_end(text: bytes, at: int) -> int:
    end = text.find(b"\n", at)
    end = end if end >= 0 else len(text)
    edge = text.find(b"\x00", at, end)
    return edge if edge >= 0 else end


def _shape(text: bytes, start: int, stop: int) -> tuple[bytes, int] | None:
    """Delimiter of the head line of a table, and how many of them; None if it is none."""
    head = text[start:stop]
    if len(head) > _MAX_HEAD_BYTES or not text.startswith(b"\n", stop):
        return None
    delimiter = max(_DELIMITERS, key=head.count)
    width = head.count(delimiter)
    if width == 0:
        return None
    for cell in head.split(delimiter):
        if _is_no_name(cell):
            return None
    return delimiter, width


def _is_no_name(cell: bytes) -> bool:
    """Tell whether a cell is a number, or cut out of code: `def f(user` and ` password):`."""
    if cell.count(b"(") != cell.count(b")"):
        return True
    return cell.strip(b" \"'").isdigit()


def _column(
    text: bytes, stop: int, delimiter: bytes, width: int, index: int
) -> Iterator[tuple[int, int]]:
    """The cells of a column, below the head line that ends at `stop`."""
    at = stop + 1
    while at < len(text):
        end = _line_end(text, at)
        line = text[at:end]
        if not line or line.strip(_RULER):  # a ruler parts head and rows, and has no cells
            span = _cell(line, delimiter, width, index)
            if span is None:
                return
            yield _bare(text, at + span[0], at + span[1])
        if not text.startswith(b"\n", end):
            return
        at = end + 1


def _cell(line: bytes, delimiter: bytes, width: int, index: int) -> tuple[int, int] | None:
    """Where the cell `index` of a line is; None if the line has not `width` delimiters.

    A delimiter between double quotes parts nothing.
    """
    pieces = line.split(delimiter)
    if b'"' in line:
        joined: list[bytes] = []
        quoted = False
        for piece in pieces:
            if quoted:
                joined[-1] += delimiter + piece
            else:
                joined.append(piece)
            quoted ^= piece.count(b'"') % 2 == 1
        pieces = joined
    if len(pieces) != width + 1:
        return None
    start = sum(map(len, pieces[:index])) + index
    return start, start + len(pieces[index])


def _bare(text: bytes, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in b" \"'":
        start += 1
    while end > start and text[end - 1] in b" \"'\r":
        end -= 1
    return start, end
