"""What a call did, as a person reads it: command and output, diff, or labelled fields.

The shapes are those of Claude Code's tools; what has another shape is shown as fields, and all of
it again as raw JSON.
"""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from agentaudit_backend.store.views import EventDetail
from agentaudit_processor.model import Action, Json

TEXT_LIMIT = 60_000
"""Characters of one text on the page."""
FIELDS_LIMIT = 100
"""Labelled values on the page; all are in the record."""
RAW_LIMIT = 4 * TEXT_LIMIT
"""The same of the whole record."""
DIFF_LINES = 2000
"""Lines of a diff that are shown, and of each text that are compared: more would take seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of a diff; `kind` is add, del, at or same, and `text` starts with + - @ or space."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One row of a diff side by side; a text is None where the other side has more lines.

    `kind` is same, at (a new place in the file) or changed.
    """

    kind: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A titled text; `cut` tells how many characters are not shown."""

    title: str
    text: str
    cut: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A labelled value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What ran and what came back; parts that do not apply are empty."""

    command: str | None = None
    path: str | None = None
    fields: tuple[Field, ...] = ()
    fields_cut: int = 0
    diff: tuple[DiffLine, ...] = ()
    diff_cut: int = 0
    outputs: tuple[Text, ...] = ()
    raw: str = ""
    raw_cut: int = 0


def evidence_of(event: EventDetail) -> Evidence:
    """Read arguments and result by the Event's action."""
    arguments = event.arguments if isinstance(event.arguments, Mapping) else {}
    shown: set[str] = set()
    command = path = None
    diff: list[DiffLine] = []
    diff_cut = 0
    if event.row.action is Action.SHELL_COMMAND:
        command = _text(arguments, "command", shown)
    path = _first(arguments, ("file_path", "notebook_path", "path"), shown)
    if event.row.action in (Action.FILE_EDIT, Action.FILE_WRITE):
        diff, diff_cut = _diff(_edits(arguments, event.result, shown))
    raw = _raw(event)
    others = [name for name, value in arguments.items() if name not in shown and value is not None]
    return Evidence(
        command=command,
        path=path,
        fields=tuple(
            Field(name=name, value=_plain(arguments[name])) for name in others[:FIELDS_LIMIT]
        ),
        fields_cut=max(0, len(others) - FIELDS_LIMIT),
        diff=tuple(diff),
        diff_cut=diff_cut,
        outputs=tuple(_outputs(event, has_diff=bool(diff))),
        raw=raw[:RAW_LIMIT],
        raw_cut=max(0, len(raw) - RAW_LIMIT),
    )


def _text(arguments: Mapping[str, Json], name: str, shown: set[str]) -> str | None:
    value = arguments.get(name)
    if not isinstance(value, str):
        return None
    shown.add(name)
    return value


def _first(arguments: Mapping[str, Json], names: tuple[str, ...], shown: set[str]) -> str | None:
    for name in names:
        if (value := _text(arguments, name, shown)) is not None:
            return value
    return None


def _edits(
    arguments: Mapping[str, Json], result: Json, shown: set[str]
) -> Iterator[tuple[str, str]]:
    """The texts before and after of each edit; a new file has nothing before."""
    edits = arguments.get("edits")
    if isinstance(edits, list):
        shown.add("edits")
        for edit in edits:
            if isinstance(edit, dict):
                yield _string(edit.get("old_string")), _string(edit.get("new_string"))
    elif "new_string" in arguments:
        shown.update(("old_string", "new_string"))
        yield _string(arguments.get("old_string")), _string(arguments.get("new_string"))
    elif isinstance(content := arguments.get("content"), str):
        shown.add("content")
        before = result.get("originalFile") if isinstance(result, Mapping) else None
        yield _string(before), content


def _diff(edits: Iterable[tuple[str, str]]) -> tuple[list[DiffLine], int]:
    """At most `DIFF_LINES` lines of the diff, and how many lines were left out."""
    found: list[DiffLine] = []
    cut = 0
    for before, after in edits:
        old, new = before.splitlines(), after.splitlines()
        if len(found) < DIFF_LINES:
            found.extend(_unified(old[:DIFF_LINES], new[:DIFF_LINES]))
            old, new = old[DIFF_LINES:], new[DIFF_LINES:]
        cut += len(old) + len(new)
    return found[:DIFF_LINES], cut + max(0, len(found) - DIFF_LINES)


def _unified(old: list[str], new: list[str]) -> list[DiffLine]:
    lines = difflib.unified_diff(old, new, n=3, lineterm="")
    kinds = {"+": "add", "-": "del", "@": "at"}
    return [
        DiffLine(kind=kinds.get(line[:1], "same"), text=line[:TEXT_LIMIT])
        for index, line in enumerate(lines)
        if index >= 2  # the two lines with file names, which we show ourselves
    ]


def side_by_side(lines: Iterable[DiffLine]) -> tuple[Side, ...]:
    """The diff as pairs: lines taken out stand beside those that were put in their place."""
    found: list[Side] = []
    out: list[str] = []
    put: list[str] = []
    for line in (*lines, DiffLine(kind="end", text="")):
        if line.kind == "del" and not put:
            out.append(line.text[1:])
        elif line.kind == "add":
            put.append(line.text[1:])
        else:
            found += [
                Side(kind="changed", before=before, after=after)
                for before, after in zip_longest(out, put)
            ]
            out, put = ([line.text[1:]], []) if line.kind == "del" else ([], [])
            if line.kind == "at":
                found.append(Side(kind="at", before=line.text, after=line.text))
            elif line.kind == "same":
                found.append(Side(kind="same", before=line.text[1:], after=line.text[1:]))
    return tuple(found)


def _outputs(event: EventDetail, *, has_diff: bool) -> list[Text]:
    result = event.result
    if result is None or (has_diff and isinstance(result, Mapping)):
        return []  # the result of an edit is the edit once more
    if isinstance(result, Mapping) and ("stdout" in result or "stderr" in result):
        named = [("Output", result.get("stdout")), ("Error output", result.get("stderr"))]
        return [_titled(title, _string(text)) for title, text in named if text]
    return [_titled("Result", _told(result))]


def _told(result: Json) -> str:
    """The text inside a result, if it has one; else all of it as JSON."""
    if isinstance(result, list):
        return _blocks(result) or _plain(result)
    if isinstance(result, Mapping):
        file = result.get("file")
        inner = file if isinstance(file, Mapping) else result
        for key in ("content", "text", "result", "output"):
            if isinstance(value := inner.get(key), str):
                return value
            if isinstance(value, list) and (text := _blocks(value)):
                return text
    return _plain(result)


def _blocks(blocks: list[Json]) -> str:
    """Text of Anthropic and MCP content blocks."""
    texts = [b["text"] for b in blocks if isinstance(b, dict) and isinstance(b.get("text"), str)]
    return "\n".join(str(text) for text in texts)


def _titled(title: str, text: str) -> Text:
    return Text(title=title, text=text[:TEXT_LIMIT], cut=max(0, len(text) - TEXT_LIMIT))


def _string(value: Json) -> str:
    return value if isinstance(value, str) else "" if value is None else _plain(value)


def _plain(value: Json) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _raw(event: EventDetail) -> str:
    whole = {"arguments": event.arguments, "result": event.result, "extra": dict(event.extra)}
    return json.dumps(whole, ensure_ascii=False, indent=2, default=str)
