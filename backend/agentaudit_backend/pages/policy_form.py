"""The form of the Policy: fields with dotted names -> the document's plain values.

A form without a field changes none of it, so that a shorter one keeps what it does not show.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from starlette.datastructures import FormData

from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import to_document
from agentaudit_processor.policy_values import MAX_ENTRIES

PACKS_SHOWN = 30_000
"""Characters of own packs that the form still carries; larger ones are changed as a file."""


class _Shape(Enum):
    """How a field's values become a plain value."""

    TEXT = "text"
    OPTIONAL = "text, empty for none"
    NUMBER = "number, empty for none"
    FLAG = "checkbox behind a hidden field"
    MANY = "checkboxes behind a hidden field, or several text areas"
    LINES = "one a line"


_FIELDS: Final[Mapping[str, _Shape]] = {
    "logging_level": _Shape.TEXT,
    "frameworks": _Shape.MANY,
    "flags": _Shape.MANY,
    "blocking_rules.enabled": _Shape.FLAG,
    "blocking_rules.block_on": _Shape.TEXT,
    "blocking_rules.ask_on": _Shape.OPTIONAL,
    "packs": _Shape.MANY,
    "on_failure": _Shape.TEXT,
    "require_remote_record": _Shape.FLAG,
    "redact_output": _Shape.FLAG,
    "approvals.up_to": _Shape.OPTIONAL,
    "approvals.rules": _Shape.LINES,
    "approvals.wait_seconds": _Shape.NUMBER,
    "approvals.valid_minutes": _Shape.NUMBER,
    "approvals.approvers": _Shape.LINES,
    "approvals.self_approval": _Shape.FLAG,
    "capture.arguments": _Shape.TEXT,
    "capture.results": _Shape.TEXT,
    "capture.prompts": _Shape.TEXT,
    "capture.never_paths": _Shape.LINES,
    "capture.never_commands": _Shape.LINES,
    "capture.user": _Shape.TEXT,
    "retention.content_days": _Shape.NUMBER,
    "retention.event_days": _Shape.NUMBER,
}
ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "exemptions": ("id", "rule", "owner", "reason", "expires", "tool", "path", "command", "user"),
    "projects": ("id", "folder", "block_on", "ask_on", "rule_answers", "tool_answers"),
    "retention.holds": ("id", "owner", "reason", "query"),
}
"""Lists of small documents, by their fields; a hidden `NAME.rows` says how many rows there are."""
PAIRS: Final = ("rule_answers", "tool_answers")
"""Mappings of a name to an answer; a project has each in one cell: `Bash: ask; Edit: block`."""


def document_of(form: FormData, before: Policy) -> dict[str, Any]:
    """The document that the form says, over that of `before`; not checked."""
    document = to_document(before)
    for place, shape in _FIELDS.items():
        if place in form:
            _put(document, place, _value(shape, [str(each) for each in form.getlist(place)]))
    for place, columns in ROWS.items():
        if f"{place}.rows" in form:
            _put(document, place, _rows(form, place, columns))
    for project in document["projects"]:
        for name in PAIRS:
            if isinstance(project.get(name), str):
                project[name] = _answers(project[name])
    for place in PAIRS:
        if f"{place}.rows" in form:
            pairs = _rows(form, place, ("name", "answer"))
            document[place] = {row["name"]: row.get("answer", "") for row in pairs if "name" in row}
    return document


def project_rows(projects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Projects as the cells of the form show them."""
    return [
        {
            name: "; ".join(f"{key}: {answer}" for key, answer in value.items())
            if isinstance(value, dict)
            else value
            for name, value in project.items()
        }
        for project in projects
    ]


def _answers(cell: str) -> dict[str, str]:
    pairs = (part.rpartition(":") for part in cell.split(";") if part.strip())
    return {name.strip(): answer.strip() for name, _, answer in pairs}


def _put(document: dict[str, Any], place: str, value: Any) -> None:
    outer, _, inner = place.rpartition(".")
    (document[outer] if outer else document)[inner] = value


def _value(shape: _Shape, told: list[str]) -> Any:
    last = told[-1].strip()
    if shape is _Shape.FLAG:
        return last == "on"
    if shape is _Shape.MANY:
        return [each.replace("\r\n", "\n") for each in told if each.strip()]
    if shape is _Shape.LINES:
        return [line.strip() for line in last.splitlines() if line.strip()]
    if shape is _Shape.NUMBER:
        is_number = last.isascii() and last.isdecimal() and len(last) < 10
        return int(last) if is_number else last or None
    return (last or None) if shape is _Shape.OPTIONAL else last


def _rows(form: FormData, place: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows with something in them; an empty cell is left out."""
    told = str(form.get(f"{place}.rows", ""))
    count = int(told) if told.isascii() and told.isdecimal() and len(told) < 6 else 0
    rows = []
    for at in range(min(count, MAX_ENTRIES)):
        cells = {name: str(form.get(f"{place}.{at}.{name}", "")).strip() for name in columns}
        row = {name: cell for name, cell in cells.items() if cell}
        if row and f"{place}.{at}.remove" not in form and row.keys() != {"answer"}:
            rows.append(row)
    return rows
