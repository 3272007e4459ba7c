"""When keys were last used: noted in memory with each request, written once in a while.

No request waits for it, and a crash loses at most what the last `PAUSE_S` brought.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from threading import Event, Thread
from typing import Protocol

from sqlalchemy import Connection, or_, update

from agentaudit_backend.store.tables import ApiKey, table_of
from agentaudit_processor.ports import Unavailable

_log = logging.getLogger(__name__)
PAUSE_S = 60.0
_KEYS = table_of(ApiKey)


def write_uses(connection: Connection, uses: Mapping[int, datetime]) -> None:
    """Set the last use of each key, by id; one that another process saw later stays."""
    last = _KEYS.c.last_used_at
    for key_id, at in sorted(uses.items()):
        found = update(_KEYS).where(_KEYS.c.id == key_id, or_(last.is_(None), last < at))
        connection.execute(found.values(last_used_at=at))


class Noting(Protocol):
    """Holds what was noted; the Store does."""

    def write_key_uses(self) -> None:
        """Write it now."""
        ...


class KeyUses:
    """A thread of the server that has them written."""

    def __init__(self, store: Noting, *, pause_s: float = PAUSE_S) -> None:
        self._store = store
        self._pause_s = pause_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="key-uses", daemon=True)

    def start(self) -> None:
        """Write from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left."""
        self._stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.wait(self._pause_s):
            self._write()
        self._write()

    def _write(self) -> None:
        try:
            self._store.write_key_uses()
        except Unavailable as away:
            _log.warning("when keys were last used is written later: %s", away)
