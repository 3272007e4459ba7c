"""What the system tells of a process: its name, its parent, when it started.

By `/proc` where there is one (Linux), else by `ps`, as on macOS, which costs some milliseconds.
"""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PS_SECONDS = 2.0
_PROC = Path("/proc")
_PS = ("ps", "-o", "ppid=,stat=,lstart=,comm=", "-p")
_PS_FIELDS = 8
_LSTART = "%a %b %d %H:%M:%S %Y"
_GONE = ("Z", "X")
"""States of a process that runs no more, though its number is not free yet."""


class CannotTell(Exception):
    """The system says nothing of processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that runs."""

    pid: int
    name: str
    parent: int
    started: int
    """In units of the source, a hundredth of a second or a second; see `is_same`."""

    def is_same(self, other: "Process | None") -> bool:
        """Whether both are one process: numbers are used again, but not within two units.

        `ps` reckons the start back from now, and may be off by one.
        """
        return other is not None and self.pid == other.pid and abs(self.started - other.started) < 3


def process_of(pid: int) -> Process | None:
    """The process with that number; None if none runs.

    Raises:
        CannotTell: nobody can say.
    """
    return _by_proc(pid) if _PROC.is_dir() else _by_ps(pid)


def may_run(pid: int) -> bool:
    """Whether something may run under that number; costs next to nothing."""
    if not hasattr(os, "fork"):  # Windows, where signal 0 is none
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _by_proc(pid: int) -> Process | None:
    """Source: proc_pid_stat(5). The name stands in brackets, and may hold some."""
    try:
        head, _, tail = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")
    except OSError:
        return None
    fields = tail.split()
    if len(fields) < 20 or fields[0] in _GONE:
        return None
    name = head.partition("(")[2]
    return Process(pid=pid, name=name, parent=int(fields[1]), started=int(fields[19]))


def _by_ps(pid: int) -> Process | None:
    """Source: ps(1) of macOS and of Linux. A login shell's name begins with a hyphen there."""
    env = {"PATH": "/bin:/usr/bin", "LC_ALL": "C"}
    try:
        told = subprocess.run(  # noqa: S603  no text of others
            [*_PS, str(pid)],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PS_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotTell(str(error)) from error
    fields = told.decode("utf-8", "replace").split(None, _PS_FIELDS - 1)
    if not fields or fields[1][:1] in _GONE:
        return None
    try:
        started = int(time.mktime(time.strptime(" ".join(fields[2:7]), _LSTART)))
        name = fields[7].strip().rpartition("/")[2].removeprefix("-")
        return Process(pid=pid, name=name, parent=int(fields[0]), started=started)
    except (IndexError, ValueError, OverflowError) as error:
        raise CannotTell(f"ps said {told[:80]!r}") from error
