"""An export on its way out: its bytes, its hash, its number of rows."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

from agentaudit_backend.exports.forms import Form
from agentaudit_backend.exports.rows import Rows

ROWS_LIMIT = 50_000
"""Events of one download; more are taken by `agentaudit export`."""
_PIECE_BYTES = 64 * 1024


def new_export_id(at: datetime) -> str:
    """A name for one export: on its file, in the record of it, in its manifest."""
    return f"AE-{at:%Y%m%d}-{secrets.token_hex(3).upper()}"


class ExportStream:
    """Bytes to pass on once; `count` and `sha256_hex` are whole after the last one."""

    def __init__(self, form: Form, rows: Rows[Any], items: Iterable[Any]) -> None:
        self.form = form
        self.rows = rows
        self.count = 0
        self._hash = sha256()
        self._items = items

    @property
    def told(self) -> str:
        """What has been given so far: `csv of 1,204 events`."""
        return f"{self.form.name} of {self.count:,} {self.rows.name}"

    @property
    def sha256_hex(self) -> str:
        """Of the bytes given so far."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        piece = bytearray()
        for line in self.form.write(self.rows, self._counted()):
            piece += line
            if len(piece) >= _PIECE_BYTES:
                yield self._given(bytes(piece))
                piece.clear()
        if piece:
            yield self._given(bytes(piece))

    def _counted(self) -> Iterator[Any]:
        for item in self._items:
            self.count += 1
            yield item

    def _given(self, piece: bytes) -> bytes:
        self._hash.update(piece)
        return piece
