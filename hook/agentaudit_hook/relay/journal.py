"""A journal: lines in a file that survive the process, not the power, and never grow for ever.

What is remembered between two relays is written here line by line, not synced: a line that is lost
costs less than a sync at every call. Once the file is large it begins anew with what still matters.
"""

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from agentaudit_hook.places import NO_FOLLOW
from agentaudit_hook.relay.files import replace_file


class Journal:
    """Not safe for several threads: who has one has a lock, for what the lines are about."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._file = -1

    def read(self, take: Callable[[bytes], None], *, torn: tuple[type[Exception], ...]) -> None:
        """Give each line to `take`.

        Args:
            take: reads a line.
            torn: what it raises for a line that a crash has cut off in mid-write; those are left.
        """
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            with contextlib.suppress(*torn):
                take(line)

    def begin(self, lines: Iterable[bytes]) -> None:
        """Start it anew with what still matters.

        Raises:
            OSError: the file cannot be opened.
        """
        with contextlib.suppress(OSError):  # disk full: the old journal serves
            replace_file(self._path, b"".join(lines))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_FOLLOW
        before, self._file = self._file, os.open(self._path, flags, 0o600)
        if before >= 0:
            os.close(before)

    def write(self, lines: bytes, matters: Callable[[], Iterable[bytes]]) -> None:
        """Add whole lines; `matters` gives what it begins anew with when it has grown large."""
        try:
            os.write(self._file, lines)
            if os.lseek(self._file, 0, os.SEEK_CUR) > self._max_bytes:
                self.begin(matters())
        except OSError:  # disk full: what is in memory still serves
            pass
