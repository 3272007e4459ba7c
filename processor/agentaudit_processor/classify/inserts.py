"""Values of SQL that stand behind their columns' names: INSERT … VALUES, and COPY … FROM stdin.

INSERT INTO users (id, salary) VALUES (1, 74500), (2, 68000);
COPY users (id, salary) FROM stdin;            as pg_dump writes it
1<tab>74500
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from agentaudit_processor.classify.patterns import Pattern

_MAX_NAMES_BYTES = 2_000
_MAX_STATEMENT_BYTES = 160
_MAX_VALUE_BYTES = 4_000
_MAX_VALUES = 64
_INTO = (
    r"(?i)(?:^|[^\w])(?:insert\s{1,9}(?:\w{1,9}\s{1,9}){0,3}?into|replace\s{1,9}into|copy)"
    r"\s{1,9}[^\s()]{1,90}\s{0,9}$"
)
_VALUES = r"(?i)^\s{0,9}(?:overriding \w{1,9} value\s{1,9})?values?\s{0,20}"
_FROM_STDIN = r"(?i)^\s{1,9}from\s{1,9}stdin[^\n]{0,80}\n"
_TEXT = r"""'(?:[^'\\]|''|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*\""""
_CALL = r"""[^\s,()'"][^,()'"\x00]{0,90}(?:\([^()\x00]{0,90}\)[^,()'"\x00]{0,40})?"""
_VALUE = rf"^\s{{0,20}}((?:{_TEXT}|{_CALL})?)(?:::\w{{1,30}})?\s{{0,20}}[,)]"
_BETWEEN = r"^\s{0,20},\s{0,20}"

Span = tuple[int, int]


class ColumnList(NamedTuple):
    """The names of columns in a statement. Positions are bytes of the text."""

    start: int
    end: int
    """That of the bracket that closes it."""

    def place_of(self, text: bytes, named: int) -> int:
        """Which of the columns stands at `named`, from 0 on."""
        return text.count(b",", self.start, named)


def column_list_at(text: bytes, named: int) -> ColumnList | None:
    """The list of columns that the byte at `named` lies in; None if it lies in none."""
    start = text.rfind(b"(", max(0, named - _MAX_NAMES_BYTES), named)
    if start < 0:
        return None
    if text.find(b")", start, named) >= 0:
        return None
    end = text.find(b")", named, named + _MAX_NAMES_BYTES)
    if end < 0:
        return None
    before = text[max(0, start - _MAX_STATEMENT_BYTES) : start]
    return ColumnList(start, end) if _pattern(_INTO).occurs(before) else None


def rows_of(text: bytes, columns: ColumnList) -> Iterator[list[Span]]:
    """Where the values of each row lie, quotes taken off."""
    behind = columns.end + 1
    if (length := _length(_VALUES, text, behind)) >= 0:
        yield from _tuples(text, behind + length)
    elif (length := _length(_FROM_STDIN, text, behind)) >= 0:
        yield from _lines(text, behind + length)


def _tuples(text: bytes, at: int) -> Iterator[list[Span]]:
    """Rows in brackets: `(1, 'a'), (2, 'b')`."""
    while text.startswith(b"(", at):
        row: list[Span] = []
        closed = False
        at += 1
        while not closed and len(row) < _MAX_VALUES:
            found = _pattern(_VALUE).find(text[at : at + _MAX_VALUE_BYTES])
            if found is None:
                return
            start, end = found[1]
            row.append(_bare(text, at + start, at + end))
            at += found[0][1]
            closed = text.startswith(b")", at - 1)
        yield row
        at += max(0, _length(_BETWEEN, text, at))


def _lines(text: bytes, at: int) -> Iterator[list[Span]]:
    """Rows on lines of their own, values parted by tabs, up to a line `\\.`."""
    while at < len(text):
        edge = text.find(b"\x00", at)
        end = text.find(b"\n", at, edge if edge >= 0 else len(text))
        end = end if end >= 0 else edge if edge >= 0 else len(text)
        line = text[at:end]
        if not line or line == b"\\.":
            return
        row: list[Span] = []
        for value in line.split(b"\t"):
            row.append((at, at + len(value)))
            at += len(value) + 1
        yield row
        at = end + 1


def _bare(text: bytes, start: int, end: int) -> Span:
    quoted = end - start >= 2 and text[start : start + 1] in (b"'", b'"')
    return (start + 1, end - 1) if quoted and text[end - 1] == text[start] else (start, end)


def _length(pattern: str, text: bytes, at: int) -> int:
    """How long the match of `pattern` is that begins at the byte `at`; -1 for none."""
    found = _pattern(pattern).find(text[at : at + _MAX_STATEMENT_BYTES])
    return -1 if found is None else found[0][1]


_pattern = lru_cache(maxsize=8)(Pattern)
