"""An export on its way out: its bytes, its hash, its number of Events."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256

from agentaudit_backend.exports.forms import Form
from agentaudit_backend.store.views import EventDetail

ROWS_LIMIT = 50_000
"""Events of one download; more are taken by `agentaudit export`."""
_PIECE_BYTES = 64 * 1024


def new_export_id(at: datetime) -> str:
    """A name for one export: on its file, in the record of it, in its manifest."""
    return f"AE-{at:%Y%m%d}-{secrets.token_hex(3).upper()}"


class ExportStream:
    """Bytes to pass on once; `count` and `sha256_hex` are whole after the last one."""

    def __init__(self, form: Form, events: Iterable[EventDetail]) -> None:
        self.form = form
        self.count = 0
        self._hash = sha256()
        self._events = events

    @property
    def sha256_hex(self) -> str:
        """Of the bytes given so far."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        piece = bytearray()
        for line in self.form.write(self._counted()):
            piece += line
            if len(piece) >= _PIECE_BYTES:
                yield self._given(bytes(piece))
                piece.clear()
        if piece:
            yield self._given(bytes(piece))

    def _counted(self) -> Iterator[EventDetail]:
        for event in self._events:
            self.count += 1
            yield event

    def _given(self, piece: bytes) -> bytes:
        self._hash.update(piece)
        return piece
