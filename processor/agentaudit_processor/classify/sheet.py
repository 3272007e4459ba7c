"""All text of one Activity laid on one sheet, so that it is scanned once, and written back masked.

Every string and number of arguments, result, error message, extra fields and fact data becomes a
Leaf, laid as `key=value` so that a rule can tell a telephone number by the name of its field (see
`called`). What says who acted, where and by which tool follows, unless it is known to hold nothing.
What is not laid is not kept either: writing back puts a note in its place.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from agentaudit_processor.classify.escapes import without_escapes
from agentaudit_processor.classify.walk import (
    MAX_DEPTH,
    NOT_SCANNED,
    SAME_LINE,
    TOO_DEEP,
    TOO_LONG,
    TOO_MANY,
    Walk,
)
from agentaudit_processor.model import Activity, Actor, Fact, Json, ToolCall

MAX_LEAF_CHARS = 256 * 1024
MAX_SHEET_CHARS = 1024 * 1024
_NOTES = {
    TOO_DEEP: f"what is nested deeper than {MAX_DEPTH} levels",
    TOO_MANY: "all but its first fields and items",
    TOO_LONG: "a number of thousands of digits",
}
_SHORT = 64
_BETWEEN = b"\x00\n"
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


class Laid:
    """Fields of an Activity by name, their texts laid one after the other."""

    def __init__(self, values: Mapping[str, Json]) -> None:
        layer = _Layer()
        for name, value in values.items():
            layer.lay(value, name, OUTPUT if name in _OUTPUT_FIELDS else INPUT)
        self.leaves: Sequence[Leaf] = layer.leaves
        self.text: bytes = b"".join(layer.chunks)
        self.not_covered: tuple[str, ...] = tuple(layer.not_covered)
        self._starts = [leaf.key_start for leaf in self.leaves]

    def leaf_at(self, position: int) -> Leaf | None:
        """The Leaf that holds the byte at `position`, its key included."""
        at = bisect_right(self._starts, position) - 1
        return self.leaves[at] if at >= 0 else None

    def rewritten(self, values: Mapping[str, Json], spans: Sequence[Span]) -> dict[str, Any]:
        """The fields that were laid, with `spans` (sorted, apart from each other) replaced."""
        writer = _Writer(self.leaves, self.text, spans)
        return {name: writer.write(value, name) for name, value in values.items()}


class Sheet(Laid):
    """The laid text of one Activity."""

    def __init__(self, activity: Activity, *, with_head: bool = True) -> None:
        self._activity = activity
        self._values = _content_of(activity)
        if with_head:
            self._values |= head_values(head_of(activity))
        super().__init__(self._values)

    def rewrite(self, spans: Sequence[Span]) -> Activity:
        """The Activity with `spans` (sorted, apart from each other) replaced."""
        if not spans and not self.not_covered:
            return self._activity
        changed = self.rewritten(self._values, spans)
        if "actor" in changed:
            changed["actor"] = replace(self._activity.actor, **changed["actor"])
        return replace(self._activity, **changed)


class Head(NamedTuple):
    """Who acted, where, by which tool: the same in most calls of a session."""

    tool_name: str | None
    mcp_server: str | None
    name: str | None
    cwd: str | None
    permission_mode: str | None
    prompt_id: str | None
    error_type: str | None
    actor: Actor


def head_of(activity: Activity) -> Head:
    """The Head of an Activity."""
    call, fact = (activity, None) if isinstance(activity, ToolCall) else (None, activity)
    return Head(
        call.tool_name if call else None,
        call.mcp_server if call else None,
        fact.name if fact else None,
        activity.cwd,
        activity.permission_mode,
        activity.prompt_id,
        call.error_type if call else None,
        activity.actor,
    )


def head_values(head: Head) -> dict[str, Json]:
    """The fields of a Head that are long enough to be laid."""
    told: dict[str, Json] = {
        name: value
        for name, value in zip(Head._fields[:-1], head[:-1], strict=True)
        if isinstance(value, str) and len(value) >= _MIN_HEAD_CHARS
    }
    actor = {name: getattr(head.actor, name) for name in _ACTOR_FIELDS}
    long = {name: text for name, text in actor.items() if text and len(text) >= _MIN_HEAD_CHARS}
    return told | {"actor": long} if long else told


def _content_of(activity: Activity) -> dict[str, Any]:
    names = ("data",) if isinstance(activity, Fact) else _CONTENT_FIELDS
    return {name: value for name in names if (value := getattr(activity, name))}


_ACTOR_FIELDS = tuple(field.name for field in fields(Actor))
_CONTENT_FIELDS = ("arguments", "extra", "result", "error_message")
_OUTPUT_FIELDS = frozenset(("result", "error_message", "error_type"))


class _Layer:
    """Lays values on the sheet, in the order in which `_Writer` meets them again."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.not_covered: list[str] = []
        self.chunks: list[bytes] = []
        self._size = 0
        self._chars = 0

    def lay(self, value: Json, path: str, side: str) -> None:
        """Lay `value` and all below it."""
        if value is None or value == {}:  # nothing to be written back either
            return

        def visit(text: str, leaf_path: str, key: str) -> str:
            self._lay_text(text, leaf_path, key, side)
            return text

        walked = Walk(visit).walk(value, path, _last_key(path))
        if walked != value:
            notes = json.dumps(walked)
            self.not_covered += [
                f"{path}: {what}" for note, what in _NOTES.items() if note in notes
            ]

    def _lay_text(self, text: str, path: str, key: str, side: str) -> None:
        short = len(text) <= _SHORT  # nearly all, and always laid whole
        laid, gap_at, gap_chars = (without_escapes(text), -1, 0) if short else self._cut(text, path)
        self._chars += len(laid)
        if key == SAME_LINE:
            self._size -= len(self.chunks.pop())
            prefix = b" "
        else:
            prefix = f"{key}=".encode("utf-8", "surrogatepass")
        body = laid.encode("utf-8", "surrogatepass")
        if gap_at >= 0:
            gap_at = len(laid[:gap_at].encode("utf-8", "surrogatepass"))
        start = self._size + len(prefix)
        end = start + len(body)
        self.leaves.append(Leaf(path, side, self._size, start, end, gap_at, gap_chars))
        self.chunks += (prefix, body, _BETWEEN)
        self._size = end + len(_BETWEEN)

    def _cut(self, text: str, path: str) -> tuple[str, int, int]:
        """What is laid of `text`, where its gap is (-1 for none), and of how many characters."""
        # A leaf that does not fit is laid empty, with all of it in the gap: order is kept. Short
        # ones always fit, the notes among them that an earlier writing back has left.
        room = min(MAX_LEAF_CHARS, max(_SHORT, MAX_SHEET_CHARS - self._chars))
        if len(text) <= room:
            return without_escapes(text), -1, 0
        room -= _SHORT
        head = room // 2
        tail = room - head
        laid = without_escapes(text[:head])
        if len(self.not_covered) < 8:
            self.not_covered.append(
                f"{path}: {room:,} of {len(text):,} characters scanned, head and tail"
            )
        rest = without_escapes(text[-tail:]) if tail else ""
        return laid + rest, len(laid), len(text) - room


class _Writer:
    """Walks as `_Layer` did and gives each leaf back with its spans replaced."""

    def __init__(self, leaves: Sequence[Leaf], text: bytes, spans: Sequence[Span]) -> None:
        self._leaves = iter(leaves)
        self._text = text
        self._spans = spans
        self._next = 0

    def write(self, value: Json, path: str) -> Any:
        """`value` with its leaves replaced."""
        return Walk(self._visit).walk(value, path, _last_key(path))

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


def _last_key(path: str) -> str:
    return path.rpartition(".")[2]
