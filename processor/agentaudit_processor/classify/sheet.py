"""All text of one Activity laid on one sheet, so that it is scanned once, and written back masked.

Every string and number of arguments, result, error message, extra fields and fact data becomes a
Leaf, laid as `key=value` so that a rule can tell a telephone number by the name of its field. JSON
inside a string is opened, so that escapes hide nothing. What is not laid is not kept either:
writing back puts a note in its place, because text that nobody scanned may hold anything.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from agentaudit_processor.model import Activity, Fact, Json, ToolCall

MAX_LEAF_CHARS = 256 * 1024
MAX_SHEET_CHARS = 1024 * 1024
MAX_COST = 100_000
"""Of one walk: about 3 us a text, a tenth of that a short number. Some 9,000 fields of text."""
_LEAF_COST = 10
TOO_MANY = "[too many fields or items: the rest was not scanned]"
MAX_DEPTH = 32
TOO_DEEP = f"[nested deeper than {MAX_DEPTH} levels: not scanned]"
NOT_SCANNED = "[not scanned]"
_SHORT = 64
_MIN_NUMBER_CHARS = 7  # shorter numbers are no card, no phone, no id
_BETWEEN = "\x00\n"

INPUT = "input"
OUTPUT = "output"


class Leaf(NamedTuple):
    """One text on the sheet. Positions are bytes of `Sheet.text`."""

    path: str
    """`arguments.command`, `result.file.content`, `extra.items[3]`."""
    side: str
    key_start: int
    start: int
    end: int
    gap_at: int = -1
    """Where characters were left out, -1 for nowhere."""
    gap_chars: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bytes of the sheet to be replaced."""

    start: int
    end: int
    by: str


class Sheet:
    """The laid text of one Activity."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity
        layer = _Layer()
        for name, side in _sides(activity):
            value = getattr(activity, name)
            if value is not None and value != {}:
                layer.lay(value, name, side)
        self.leaves: Sequence[Leaf] = layer.leaves
        self.text: bytes = b"".join(layer.chunks)
        self.not_covered: tuple[str, ...] = tuple(layer.not_covered)
        self._starts = [leaf.key_start for leaf in self.leaves]

    def leaf_at(self, position: int) -> Leaf | None:
        """The Leaf that holds the byte at `position`, its key included."""
        at = bisect_right(self._starts, position) - 1
        return self.leaves[at] if at >= 0 else None

    def rewrite(self, spans: Sequence[Span]) -> Activity:
        """The Activity with `spans` (sorted, apart from each other) replaced."""
        if not spans and not self.not_covered:
            return self._activity
        writer = _Writer(self.leaves, self.text, spans)
        changed: dict[str, Any] = {
            name: writer.write(getattr(self._activity, name), name)
            for name, _ in _sides(self._activity)
            if getattr(self._activity, name) not in (None, {})
        }
        return replace(self._activity, **changed)


def _sides(activity: Activity) -> tuple[tuple[str, str], ...]:
    if isinstance(activity, Fact):
        return (("data", INPUT),)
    return _TOOL_CALL_SIDES


_TOOL_CALL_SIDES = (
    ("arguments", INPUT),
    ("extra", INPUT),
    ("result", OUTPUT),
    ("error_message", OUTPUT),
)
assert {name for name, _ in _TOOL_CALL_SIDES} <= {f.name for f in fields(ToolCall)}  # noqa: S101


class _Layer:
    """Lays values on the sheet, in the order in which `_Writer` meets them again."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.chunks: list[bytes] = []
        self.not_covered: list[str] = []
        self._size = 0
        self._chars = 0

    def lay(self, value: Json, path: str, side: str) -> None:
        """Lay `value` and all below it."""

        def visit(text: str, leaf_path: str, key: str) -> str:
            self._lay_text(text, leaf_path, key, side)
            return text

        walked = _Walk(visit).walk(value, path, _last_key(path))
        if walked != value:
            notes = json.dumps(walked)
            if TOO_DEEP in notes:
                self.not_covered.append(f"{path}: what is nested deeper than {MAX_DEPTH} levels")
            if TOO_MANY in notes:
                self.not_covered.append(f"{path}: all but its first fields and items")

    def _lay_text(self, text: str, path: str, key: str, side: str) -> None:
        # A leaf that does not fit is laid empty, with all of it in the gap: order is kept. Short
        # ones always fit, the notes among them that an earlier writing back has left.
        room = min(MAX_LEAF_CHARS, max(_SHORT, MAX_SHEET_CHARS - self._chars))
        if len(text) > room:
            room -= _SHORT
        gap_at, gap_chars = -1, 0
        laid = text
        if len(text) > room:
            head = room // 2
            tail = room - head
            gap_at, gap_chars = head, len(text) - room
            laid = text[:head] + (text[-tail:] if tail else "")
            if len(self.not_covered) < 8:
                self.not_covered.append(
                    f"{path}: {room:,} of {len(text):,} characters scanned, head and tail"
                )
        self._chars += len(laid)
        prefix = f"{key}=".encode("utf-8", "surrogatepass")
        body = laid.encode("utf-8", "surrogatepass")
        if gap_at >= 0:
            gap_at = len(laid[:gap_at].encode("utf-8", "surrogatepass"))
        start = self._size + len(prefix)
        self.leaves.append(
            Leaf(
                path=path,
                side=side,
                key_start=self._size,
                start=start,
                end=start + len(body),
                gap_at=gap_at,
                gap_chars=gap_chars,
            )
        )
        self.chunks += (prefix, body, _BETWEEN.encode())
        self._size = start + len(body) + len(_BETWEEN)


class _Writer:
    """Walks as `_Layer` did and gives each leaf back with its spans replaced."""

    def __init__(self, leaves: Sequence[Leaf], text: bytes, spans: Sequence[Span]) -> None:
        self._leaves = iter(leaves)
        self._text = text
        self._spans = spans
        self._next = 0

    def write(self, value: Json, path: str) -> Any:
        """`value` with its leaves replaced."""
        return _Walk(self._visit).walk(value, path, _last_key(path))

    def _visit(self, text: str, _path: str, _key: str) -> str:
        leaf = next(self._leaves)
        inside = self._spans_of(leaf)
        if not inside and leaf.gap_at < 0:
            return text
        pieces: list[bytes] = []
        at = leaf.start
        cuts = [(span.start, span.end, span.by) for span in inside if span.start >= leaf.start]
        if leaf.gap_at >= 0:
            middle = leaf.start + leaf.gap_at
            note = f"[{leaf.gap_chars} characters not scanned]"
            cuts.append((middle, middle, NOT_SCANNED if leaf.start == leaf.end else note))
            cuts.sort()
        for start, end, by in cuts:
            if start < at:  # the gap lies inside a masked span
                start = min(at, leaf.end)  # noqa: PLW2901
            pieces += (self._text[at:start], by.encode())
            at = max(at, end)
        pieces.append(self._text[at : leaf.end])
        return b"".join(pieces).decode("utf-8", "surrogatepass")

    def _spans_of(self, leaf: Leaf) -> list[Span]:
        inside = []
        while self._next < len(self._spans) and self._spans[self._next].start < leaf.end:
            if self._spans[self._next].end > leaf.key_start:
                inside.append(self._spans[self._next])
            self._next += 1
        return inside


class _Walk:
    """Visits every text of a value in a fixed order, and gives the value back with what came of it.

    It goes no further than MAX_DEPTH levels and MAX_COST: a note stands in the place of the rest.
    """

    def __init__(self, visit: Callable[[str, str, str], str]) -> None:
        self._visit = visit
        self._left = MAX_COST

    def walk(self, value: Any, path: str, key: str, depth: int = 0) -> Any:
        """`value` below `path`, which is the value of the field `key`."""
        if isinstance(value, str):
            opened = _opened(value) if depth < MAX_DEPTH else None
            if opened is None:
                self._left -= _LEAF_COST
                return self._visit(value, path, key)
            rewritten = self.walk(opened, path, key, depth + 1)
            return value if rewritten == opened else _closed(rewritten)
        self._left -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(value, path, key)
        if depth >= MAX_DEPTH:
            return TOO_DEEP
        self._left -= _LEAF_COST
        return (
            self._mapping(value, path, depth)
            if isinstance(value, Mapping)
            else self._items(value, path, key, depth)
        )

    def _mapping(self, value: Mapping[str, Any], path: str, depth: int) -> dict[str, Any]:
        walked = {}
        for key, item in value.items():
            if self._left <= 0:
                walked[TOO_MANY] = NOT_SCANNED
                break
            # an ordinary field name is context; any other may be data itself: an address, a token
            plain = key.isascii() and key.replace("-", "_").isidentifier() and len(key) < 40
            plain = plain and (len(key) < 16 or key.replace("_", "").isalpha())
            name = key if plain else self._visit(key, f"{path}.*", "")
            self._left -= 1 if plain else _LEAF_COST
            below = f"{path}.{key}" if plain else f"{path}.*"
            walked[name] = self.walk(item, below, key if plain else "", depth + 1)
        return walked

    def _items(self, value: Sequence[Any], path: str, key: str, depth: int) -> list[Any]:
        walked = []
        for at, item in enumerate(value):
            if self._left <= 0:
                walked.append(TOO_MANY)
                break
            walked.append(self.walk(item, f"{path}[{at}]", key, depth + 1))
        return walked

    def _number(self, value: float, path: str, key: str) -> str | float:
        try:
            text = repr(value)
        except ValueError:  # beyond sys.get_int_max_str_digits
            return "[number not scanned]"
        if len(text) < _MIN_NUMBER_CHARS:
            return value
        self._left -= _LEAF_COST
        visited = self._visit(text, path, key)
        return value if visited == text else visited


def _opened(text: str) -> Any:
    """The object or array that `text` is the JSON of, or None."""
    if text[:16].lstrip()[:1] not in ("{", "["):
        return None
    try:
        opened = json.loads(text, object_pairs_hook=_object_without_doubles)
    except (ValueError, RecursionError):
        return None
    return opened


def _closed(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate stays the escape that it was
        return json.dumps(value, separators=(",", ":"))
    return text


def _object_without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # of two equal keys the first would be lost to the scan: such text is scanned as it stands
    known = dict(pairs)
    if len(known) < len(pairs):
        raise ValueError("a key occurs twice")
    return known


def _last_key(path: str) -> str:
    return path.rpartition(".")[2]
