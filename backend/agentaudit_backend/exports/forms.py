"""The forms of an export: rows of any list to the pieces of a file."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from agentaudit_backend.exports.rows import Row, Rows, cell_text
from agentaudit_backend.templates.cells import disarmed, line


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How rows become a file."""

    name: str
    media_type: str
    write: Callable[[Rows[Any], Iterable[Any]], Iterator[bytes]]


def _jsonl(rows: Rows[Row], items: Iterable[Row]) -> Iterator[bytes]:
    for item in items:
        text = json.dumps(rows.record(item), ensure_ascii=False, separators=(",", ":"))
        # a lone surrogate has no UTF-8; the store keeps none, and none may break the file
        yield text.encode("utf-8", "replace") + b"\n"


def _csv(rows: Rows[Row], items: Iterable[Row]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + line(list(rows.columns))  # by the mark a spreadsheet knows UTF-8
    for item in items:
        yield line([disarmed(cell_text(read(item))) for read in rows.columns.values()])


FORMS: Final[Mapping[str, Form]] = {
    "jsonl": Form(name="jsonl", media_type="application/x-ndjson", write=_jsonl),
    "csv": Form(name="csv", media_type="text/csv; charset=utf-8", write=_csv),
}
