"""Requests that wait for one destination: in order, within a size, and, in a file, over a restart.

SQLite keeps them. A crash of the machine may cost the last ones of the file: each was stored before
it came here, so what is lost is a copy.
"""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from threading import Condition

from agentaudit_processor.ports import SentWith

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    signal TEXT NOT NULL,
    items INTEGER NOT NULL,
    body BLOB NOT NULL,
    sent_with TEXT NOT NULL DEFAULT '[]'
)
"""
_NEWER = "ALTER TABLE waiting ADD COLUMN sent_with TEXT NOT NULL DEFAULT '[]'"
"""For a file that an older version has made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A serialised request."""

    id: int
    signal: str
    items: int
    body: bytes
    sent_with: SentWith = ()


class SendingQueue:
    """First in, first out; every method may be called from any thread."""

    def __init__(self, path: Path | None, *, max_bytes: int) -> None:
        """Open or make the file at `path`; without one the queue is in memory.

        Raises:
            sqlite3.Error: the file is none of ours, another process has it, or it cannot be used.
        """
        self.max_bytes = max_bytes
        self._changed = Condition()
        self._closed = False
        if path is not None:
            path.touch(mode=0o600)
        # one connection, under one lock: the traffic is a few requests a second
        self._database = sqlite3.connect(
            path or ":memory:", timeout=0.1, check_same_thread=False, isolation_level=None
        )
        self._database.execute("PRAGMA locking_mode=EXCLUSIVE")  # another process has another file
        self._database.execute(
            "PRAGMA auto_vacuum=INCREMENTAL"
        )  # of no effect behind the next line
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(_SCHEMA)
        columns = self._database.execute("PRAGMA table_info(waiting)").fetchall()
        if "sent_with" not in (column[1] for column in columns):
            self._database.execute(_NEWER)
        found = self._database.execute("SELECT count(*), sum(length(body)) FROM waiting").fetchone()
        self._requests, self._bytes = int(found[0]), int(found[1] or 0)

    @property
    def queued_requests(self) -> int:
        """How many wait."""
        return self._requests

    @property
    def queued_bytes(self) -> int:
        """How large they are together."""
        return self._bytes

    def put(self, signal: str, items: int, body: bytes, sent_with: SentWith = ()) -> bool:
        """Add one at the end; False where there is no room for it.

        Raises:
            sqlite3.Error: the disk does not take it.
        """
        with self._changed:
            if self._closed or self._bytes + len(body) > self.max_bytes:
                return False
            self._database.execute(
                "INSERT INTO waiting (signal, items, body, sent_with) VALUES (?, ?, ?, ?)",
                (signal, items, body, json.dumps(sent_with)),
            )
            self._requests += 1
            self._bytes += len(body)
            self._changed.notify_all()
            return True

    def first(self) -> Waiting | None:
        """The oldest, which stays; waits for one. None once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._requests > 0)
            if self._closed:
                return None
            found = self._database.execute(
                "SELECT id, signal, items, body, sent_with FROM waiting ORDER BY id LIMIT 1"
            ).fetchone()
        return Waiting(
            id=found[0],
            signal=found[1],
            items=found[2],
            body=found[3],
            sent_with=tuple((name, value) for name, value in json.loads(found[4])),
        )

    def remove(self, waiting: Waiting) -> None:
        """Take it out: it was sent, or is given up."""
        with self._changed:
            if self._closed:
                return
            self._database.execute("DELETE FROM waiting WHERE id = ?", (waiting.id,))
            self._requests -= 1
            self._bytes -= len(waiting.body)
            if not self._requests:
                self._database.execute("PRAGMA incremental_vacuum")
            self._changed.notify_all()

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Tell whether all was taken out within `timeout_s` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._requests == 0, timeout_s)

    def close(self) -> int:
        """Close the file, with what still waits in it; give how many items are lost with memory."""
        with self._changed:
            if self._closed:
                return 0
            self._closed = True
            is_memory = not self._database.execute("PRAGMA database_list").fetchone()[2]
            lost = 0
            if is_memory:
                found = self._database.execute("SELECT sum(items) FROM waiting").fetchone()
                lost = int(found[0] or 0)
            self._database.close()
            self._changed.notify_all()
            return lost
