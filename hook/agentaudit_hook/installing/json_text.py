"""JSON text that is edited in place: what is not changed keeps every byte.

Strict JSON (RFC 8259), or with comments for agents that read them. Positions are indices into the
text; of members with one name the last one counts, as it does for `JSON.parse`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # there, but in no stub
from typing import Any

MAX_DEPTH = 200
_SPACE = " \t\r\n"
_TOKEN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null")

Step = str | int
Path = Sequence[Step]
"""Member names and item numbers that lead from the root to a value."""


class BadJson(Exception):
    """No JSON; the text says what is wrong at which line and column."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands."""

    value: Any
    start: int
    end: int
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A member (with its name) or an item of a Node; `start` is that of its name."""

    name: str | None
    start: int
    node: Node


class JsonText:
    """A JSON text; each change gives a new one."""

    def __init__(self, text: str, *, comments: bool = False) -> None:
        """Raises BadJson."""
        self.text = text
        self._comments = comments
        self.root = _Reader(text, comments=comments).document()

    @property
    def value(self) -> Any:
        """What the text says."""
        return self.root.value

    def node(self, path: Path) -> Node | None:
        """The value at `path`, None if there is none."""
        node = self.root
        for step in path:
            found = _part(node, step)
            if found is None:
                return None
            node = found[1].node
        return node

    def with_value(self, path: Path, value: Any) -> "JsonText":
        """The text with another value at `path`, where one stands."""
        node = self._must(path)
        indent = self._line_indent(node.start)
        return self._spliced(node.start, node.end, self._written(value, indent))

    def with_part(self, path: Path, value: Any, name: str | None = None) -> "JsonText":
        """The text with a new last member `name`, or a new last item, in the container at `path`.

        It is laid out as its neighbours are.
        """
        parent = self._must(path)
        if not parent.parts:
            return self._with_first_part(parent, value, name)
        last = parent.parts[-1]
        before = parent.parts[-2].node.end if len(parent.parts) > 1 else parent.start
        gap = self._trailing_space(before + 1, last.start)
        if "\n" in gap:
            line_end = gap.rfind("\n")
            indent = gap[line_end + 1 :]
            lead = self._newline + indent
            piece = self._named(name, value, indent)
        else:
            lead = gap if len(parent.parts) > 1 else self._blank
            piece = self._named(name, value, None)
        return self._spliced(last.node.end, last.node.end, f",{lead}{piece}")

    def without(self, path: Path) -> "JsonText":
        """The text without the member or item at `path`; takes back what `with_part` put there."""
        parent = self._must(path[:-1])
        found = _part(parent, path[-1])
        if found is None:
            return self
        index, part = found
        if len(parent.parts) == 1:
            head = self.text[parent.start + 1 : part.start].rstrip(_SPACE)
            tail = self.text[part.node.end : parent.end - 1]
            tail = tail if head or tail.strip(_SPACE) else ""
            return self._spliced(parent.start + 1, parent.end - 1, head + tail)
        if index:
            before = parent.parts[index - 1].node.end
            return self._spliced(before, part.node.end, self._remarks(before, part.start))
        return self._spliced(part.start, parent.parts[1].start, "")

    def _remarks(self, start: int, end: int) -> str:
        """What stands between two parts beside the comma, if it is more than space."""
        comma = _Reader(self.text, comments=self._comments).skip(start)
        kept = (self.text[start:comma] + self.text[comma + 1 : end]).rstrip(_SPACE)
        return kept if kept.strip(_SPACE) else ""

    def _with_first_part(self, parent: Node, value: Any, name: str | None) -> "JsonText":
        inner = self.text[parent.start + 1 : parent.end - 1].rstrip(_SPACE)
        if self._is_one_line:
            piece = inner + self._named(name, value, None)
        else:
            outer = self._line_indent(parent.start)
            indent = outer + self._unit
            piece = self._named(name, value, indent)
            piece = f"{inner}{self._newline}{indent}{piece}{self._newline}{outer}"
        return self._spliced(parent.start + 1, parent.end - 1, piece)

    def _must(self, path: Path) -> Node:
        node = self.node(path)
        if node is None:
            raise KeyError(tuple(path))
        return node

    def _spliced(self, start: int, end: int, piece: str) -> "JsonText":
        text = self.text[:start] + piece + self.text[end:]
        return JsonText(text, comments=self._comments)

    def _named(self, name: str | None, value: Any, indent: str | None) -> str:
        written = self._written(value, indent)
        if name is None:
            return written
        return f"{json.dumps(name, ensure_ascii=False)}:{self._blank}{written}"

    def _written(self, value: Any, indent: str | None) -> str:
        """`value` in lines from `indent` on; in one line without it, or where all is in one."""
        if indent is None or self._is_one_line:
            separators = (f",{self._blank}", f":{self._blank}")
            return json.dumps(value, ensure_ascii=False, separators=separators)
        text = json.dumps(value, ensure_ascii=False, indent=self._unit)
        return text.replace("\n", self._newline + indent)

    def _line_indent(self, at: int) -> str:
        line = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _trailing_space(self, start: int, end: int) -> str:
        gap = self.text[start:end]
        return gap[len(gap.rstrip(_SPACE)) :]

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def _is_one_line(self) -> bool:
        return bool(self.root.parts) and "\n" not in self.text[self.root.start : self.root.end]

    @property
    def _blank(self) -> str:
        """What follows a colon or a comma on the same line."""
        first = self.root.parts[0] if self.root.parts else None
        is_dense = first is not None and self.text[first.node.start - 1] == ":"
        return "" if is_dense else " "

    @property
    def _unit(self) -> str:
        """One step of indentation."""
        if self.root.parts:
            gap = self._trailing_space(self.root.start + 1, self.root.parts[0].start)
            if "\n" in gap:
                outer = self._line_indent(self.root.start)
                indent = gap[gap.rfind("\n") + 1 :].strip("\r").removeprefix(outer)
                return indent or "  "
        return "  "


def _part(node: Node, step: Step) -> tuple[int, Part] | None:
    if isinstance(step, int):
        is_there = isinstance(node.value, list) and -1 < step < len(node.parts)
        return (step, node.parts[step]) if is_there else None
    for index in reversed(range(len(node.parts))):
        if node.parts[index].name == step:
            return index, node.parts[index]
    return None


class _Reader:
    """One pass over a text."""

    def __init__(self, text: str, *, comments: bool) -> None:
        self._text = text
        self._comments = comments

    def document(self) -> Node:
        node = self._value(self.skip(0), 0)
        end = self.skip(node.end)
        if end < len(self._text):
            raise self._bad("something stands behind its end", end)
        return node

    def _value(self, at: int, depth: int) -> Node:
        sign = self._text[at : at + 1]
        if depth > MAX_DEPTH:
            raise self._bad("it is nested too deeply", at)
        if sign == "{":
            return self._container(at, depth, "}")
        if sign == "[":
            return self._container(at, depth, "]")
        if sign == '"':
            value, end = self._string(at)
            return Node(value, at, end)
        found = _TOKEN.match(self._text, at)
        if found is None:
            raise self._bad("a value is expected", at)
        try:
            return Node(json.loads(found[0]), at, found.end())
        except ValueError as error:  # more digits than Python turns into a number
            raise self._bad("a number has too many digits", at) from error

    def _container(self, at: int, depth: int, close: str) -> Node:
        parts: list[Part] = []
        end = self.skip(at + 1)
        if self._text[end : end + 1] != close:
            while True:
                part = self._member(end, depth) if close == "}" else self._item(end, depth)
                parts.append(part)
                end = self.skip(part.node.end)
                if self._text[end : end + 1] == close:
                    break
                if self._text[end : end + 1] != ",":
                    raise self._bad(f"a comma or {close} is expected", end)
                end = self.skip(end + 1)
        if close == "]":
            return Node([part.node.value for part in parts], at, end + 1, tuple(parts))
        value = {part.name: part.node.value for part in parts}
        return Node(value, at, end + 1, tuple(parts))

    def _item(self, at: int, depth: int) -> Part:
        return Part(None, at, self._value(at, depth + 1))

    def _member(self, at: int, depth: int) -> Part:
        if self._text[at : at + 1] != '"':
            raise self._bad("a name in quotes is expected", at)
        name, end = self._string(at)
        end = self.skip(end)
        if self._text[end : end + 1] != ":":
            raise self._bad("a colon is expected", end)
        return Part(name, at, self._value(self.skip(end + 1), depth + 1))

    def _string(self, at: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self._text, at + 1, True)
        except json.JSONDecodeError as error:
            raise self._bad(error.msg.lower().removesuffix(" at"), error.pos) from error
        return str(value), int(end)

    def skip(self, at: int) -> int:
        """Where the next token begins, behind spaces and comments."""
        text = self._text
        while True:
            while at < len(text) and text[at] in _SPACE:
                at += 1
            opening = text[at : at + 2]
            if opening not in ("//", "/*"):
                return at
            if not self._comments:
                raise self._bad("its agent reads no comments", at)
            mark = "\n" if opening == "//" else "*/"
            end = text.find(mark, at + 2)
            if end < 0 and opening == "/*":
                raise self._bad("a comment is not closed", at)
            at = len(text) if end < 0 else end + len(mark)

    def _bad(self, what: str, at: int) -> BadJson:
        line = self._text.count("\n", 0, at) + 1
        column = at - self._text.rfind("\n", 0, at)
        return BadJson(f"line {line}, column {column}: {what}")
