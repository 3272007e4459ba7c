"""Counts each session's records from 1 on, so that the server can name the ones it misses.

The journal is a line of JSON per record, written after the record and not synced: it must survive
the process, not the power. A record that is heard again, after a crash, keeps its number.
"""

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from agentaudit_hook.places import NO_FOLLOW
from agentaudit_hook.relay.files import replace_file
from agentaudit_processor.model import Activity, Fact

MAX_SESSIONS = 4_096
MAX_RECORDS = 4_096
JOURNAL_BYTES = 2 * 1024 * 1024


class Sequences:
    """Which number each session's last record has; safe for several threads."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._last: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        """Record's name → its number, of the latest ones."""
        self._replay()
        self._file = self._rewrite()

    def numbered(self, activities: Iterable[Activity]) -> list[Activity]:
        """The records with their numbers; a number that is not used after all is a gap."""
        with self._lock:
            return [replace(one, client_sequence=self._number_of(one)) for one in activities]

    def remember(self, activities: Sequence[Activity]) -> None:
        """To be said once the records are on disk."""
        lines = [_line(a.session_id, a.client_sequence or 0, _name_of(a)) for a in activities]
        with self._lock:
            try:
                os.write(self._file, b"".join(lines))
                if os.lseek(self._file, 0, os.SEEK_CUR) > JOURNAL_BYTES:
                    os.close(self._file)
                    self._file = self._rewrite()
            except OSError:  # disk full: what is in memory still serves
                pass

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

    def _replay(self) -> None:
        try:
            lines = self._journal.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            try:
                session_id, number, name = json.loads(line)
                self._take(str(session_id), int(number), str(name))
            except (ValueError, TypeError):  # torn by a crash in mid-write
                continue

    def _rewrite(self) -> int:
        """Start the journal anew with what still matters."""
        lines = [_line(session_id, number, "") for session_id, number in self._last.items()]
        lines += [_line("", number, name) for name, number in self._numbers.items()]
        with contextlib.suppress(OSError):  # disk full: the old journal serves
            replace_file(self._journal, b"".join(lines))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_FOLLOW
        return os.open(self._journal, flags, 0o600)


def _name_of(activity: Activity) -> str:
    """The same for the same record, told again."""
    if isinstance(activity, Fact):
        return activity.fact_id
    return f"{activity.span_id}{activity.phase.value[0]}"


def _line(session_id: str, number: int, name: str) -> bytes:
    return json.dumps([session_id, number, name]).encode() + b"\n"
