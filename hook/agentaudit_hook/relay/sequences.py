"""Counts each session's records from 1 on, so that the server can name the ones it misses.

The journal is a line of JSON per record, written after the record. A record that is heard again,
after a crash, keeps its number. It knows numbers alone, of far more sessions than are open, and
long after their end: which calls wait for theirs is told by `open_calls`, and which sessions beat
by `open_sessions`, which a new relay learns anew.
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agentaudit_hook.relay.journal import Journal
from agentaudit_processor.model import Activity, Fact

MAX_SESSIONS = 4_096
MAX_RECORDS = 4_096
JOURNAL_BYTES = 2 * 1024 * 1024


class Sequences:
    """Which number each session's last record has; safe for several threads."""

    def __init__(self, journal: Path) -> None:
        self._journal = Journal(journal, JOURNAL_BYTES)
        self._lock = threading.Lock()
        self._last: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        """Record's name → its number, of the latest ones."""
        self._journal.read(self._replay_line, torn=(ValueError, TypeError))
        self._journal.begin(self._lines())

    def numbered(self, activities: Iterable[Activity]) -> list[Activity]:
        """The records with their numbers; a number that is not used after all is a gap."""
        with self._lock:
            return [replace(one, client_sequence=self._number_of(one)) for one in activities]

    def remember(self, activities: Sequence[Activity]) -> None:
        """To be said once the records are on disk."""
        lines = [_line(a.session_id, a.client_sequence or 0, _name_of(a)) for a in activities]
        with self._lock:
            self._journal.write(b"".join(lines), self._lines)

    def _number_of(self, activity: Activity) -> int:
        session_id, name = activity.session_id, _name_of(activity)
        number = self._numbers.get(name) or self._last.get(session_id, 0) + 1
        self._take(session_id, number, name)
        return number

    def _take(self, session_id: str, number: int, name: str) -> None:
        if session_id:
            last = self._last.pop(session_id, 0)  # the newest stand last
            self._last[session_id] = max(last, number)
        if name:
            self._numbers[name] = number
        if len(self._last) > MAX_SESSIONS:
            del self._last[next(iter(self._last))]
        if len(self._numbers) > MAX_RECORDS:
            del self._numbers[next(iter(self._numbers))]

    def _replay_line(self, line: bytes) -> None:
        session_id, number, name = json.loads(line)
        self._take(str(session_id), int(number), str(name))

    def _lines(self) -> Iterator[bytes]:
        """What still matters."""
        yield from (_line(session_id, number, "") for session_id, number in self._last.items())
        yield from (_line("", number, name) for name, number in self._numbers.items())


def _name_of(activity: Activity) -> str:
    """The same for the same record, told again."""
    if isinstance(activity, Fact):
        return activity.fact_id
    return f"{activity.span_id}{activity.phase.value[0]}"


def _line(session_id: str, number: int, name: str) -> bytes:
    return json.dumps([session_id, number, name]).encode() + b"\n"
