"""All text of one Activity laid on one sheet, so that it is scanned once, and written back masked.

Every string and number of arguments, result, error message, extra fields and fact data becomes a
Leaf, laid as `key=value` so that a rule can tell a telephone number by the name of its field (see
`called`); what says who acted, where and by which tool follows. JSON inside a string is opened, so
that escapes hide nothing. What is not laid is not kept either: writing back puts a note in its
place, because text that nobody scanned may hold anything.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from agentaudit_processor.classify.called import (
    goes_on,
    is_command_line,
    name_of_second,
    names_in,
)
from agentaudit_processor.classify.escapes import without_escapes
from agentaudit_processor.model import Activity, Actor, Fact, Json, ToolCall

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
_SAME_LINE = "\x00"
"""In the place of a key: the text goes on the line of the one before, behind a blank."""
_MIN_HEAD_CHARS = 8  # of who, where and by which tool: no secret is shorter

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
            value = _value_of(activity, name)
            if value:
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
            name: writer.write(value, name)
            for name, _ in _sides(self._activity)
            if (value := _value_of(self._activity, name))
        }
        if "actor" in changed:
            changed["actor"] = replace(self._activity.actor, **changed["actor"])
        return replace(self._activity, **changed)


def _value_of(activity: Activity, name: str) -> Any:
    """The value of a field, as far as it is laid: None where there is nothing to scan."""
    value = getattr(activity, name)
    if name == "actor":
        told = {one: getattr(value, one) for one in _ACTOR_FIELDS}
        return {one: text for one, text in told.items() if text and len(text) >= _MIN_HEAD_CHARS}
    if name in _HEAD_FIELDS and (value is None or len(value) < _MIN_HEAD_CHARS):
        return None
    return value


def _sides(activity: Activity) -> tuple[tuple[str, str], ...]:
    return _FACT_SIDES if isinstance(activity, Fact) else _TOOL_CALL_SIDES


_ACTOR_FIELDS = tuple(field.name for field in fields(Actor))
_HEAD_FIELDS = frozenset(
    ("tool_name", "mcp_server", "name", "cwd", "permission_mode", "prompt_id", "error_type")
)
_FACT_SIDES = (
    ("data", INPUT),
    ("name", INPUT),
    ("cwd", INPUT),
    ("permission_mode", INPUT),
    ("prompt_id", INPUT),
    ("actor", INPUT),
)
_TOOL_CALL_SIDES = (
    ("arguments", INPUT),
    ("extra", INPUT),
    ("result", OUTPUT),
    ("error_message", OUTPUT),
    ("tool_name", INPUT),
    ("mcp_server", INPUT),
    ("cwd", INPUT),
    ("permission_mode", INPUT),
    ("prompt_id", INPUT),
    ("error_type", OUTPUT),
    ("actor", INPUT),
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
        if len(text) <= room:
            laid = without_escapes(text)
        else:
            head = room // 2
            tail = room - head
            laid = without_escapes(text[:head])
            gap_at, gap_chars = len(laid), len(text) - room
            laid += without_escapes(text[-tail:]) if tail else ""
            if len(self.not_covered) < 8:
                self.not_covered.append(
                    f"{path}: {room:,} of {len(text):,} characters scanned, head and tail"
                )
        self._chars += len(laid)
        if key == _SAME_LINE:
            self._size -= len(self.chunks.pop())
            prefix = b" "
        else:
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
            self._mapping(value, path, key, depth)
            if isinstance(value, Mapping)
            else self._items(value, path, key, depth)
        )

    def _mapping(
        self, value: Mapping[str, Any], path: str, outer: str, depth: int
    ) -> dict[str, Any]:
        walked = {}
        names = names_in(value, outer if depth else "")
        before = ""
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
            own = names.get(key, key if plain else "")
            if (
                isinstance(item, list)
                and isinstance(value.get(before), str)
                and goes_on(before, key)
            ):
                own = _SAME_LINE
            walked[name] = self.walk(item, below, own, depth + 1)
            before = key
        return walked

    def _items(self, value: Sequence[Any], path: str, key: str, depth: int) -> list[Any]:
        walked = []
        one_line = key == _SAME_LINE or is_command_line(value, key)
        second = name_of_second(value) or key
        for at, item in enumerate(value):
            if self._left <= 0:
                walked.append(TOO_MANY)
                break
            walked.append(self.walk(item, f"{path}[{at}]", second if at else key, depth + 1))
            if one_line:  # JSON among the words is opened, and ends the line
                text = isinstance(item, str) and not item[:16].lstrip().startswith(("{", "["))
                second = _SAME_LINE if text else key
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
