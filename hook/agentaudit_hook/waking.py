"""A relay that holds the socket and does not answer: woken if it was stopped, ended if it hangs.

Imported by a call that has waited in vain. Ending one loses nothing: what it had answered is on
disk, and what it had not answered lies in the inbox.
"""

import os
import signal
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

from agentaudit_hook.places import NO_FOLLOW, Place

HANGS_AFTER_CALLS = 8
"""Calls in a row that got no answer; a machine that is only slow answers one of them."""
HANGS_AFTER_SECONDS = 30.0
UNANSWERED = "unanswered"
"""File in the state folder: a line for each such call, until the relay has answered another."""
_MAX_BYTES = 4096
_RELAY = "agentaudit_hook.relay"
_SOL_LOCAL, _LOCAL_PEERPID = 0, 2
"""Of macOS."""


def wake(place: Place) -> bool:
    """Have a relay go on that a signal has stopped; False if none was."""
    pid = _pid_behind(place)
    if pid is None or not _told_of(pid)[0].startswith("T"):
        return False
    try:
        os.kill(pid, signal.SIGCONT)
    except OSError:
        return False
    return True


def end_if_it_hangs(place: Place) -> bool:
    """Count a call that got no answer; end a relay that has left too many. Tell whether it ended.

    Raises:
        OSError: the state folder cannot be written.
    """
    pid = _pid_behind(place)
    if pid is None:
        return False
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | NO_FOLLOW
    file = os.open(f"{place.state}/{UNANSWERED}", flags, 0o600)
    try:
        os.write(file, b"%d %d\n" % (pid, time.monotonic()))
        os.lseek(file, 0, os.SEEK_SET)
        lines = [line.split() for line in os.read(file, _MAX_BYTES).splitlines()]
    finally:
        os.close(file)
    times = [int(one[1]) for one in lines if len(one) == 2 and one[0] == b"%d" % pid]
    is_hanging = len(times) >= HANGS_AFTER_CALLS and times[-1] - times[0] >= HANGS_AFTER_SECONDS
    if not is_hanging or _RELAY not in _told_of(pid)[1]:  # a number may be given anew
        return False
    os.kill(pid, signal.SIGKILL)
    forget_unanswered(place)
    return True


def forget_unanswered(place: Place) -> None:
    """The relay answers."""
    with suppress(OSError):
        Path(place.state, UNANSWERED).unlink()


def _pid_behind(place: Place) -> "int | None":
    """The process that listens at the relay's socket, where the system tells it."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.settimeout(0.0)
        link.connect(place.socket)
        if os.uname().sysname == "Darwin":
            return int.from_bytes(link.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4), "little")
        told = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", told)[0])
    except (OSError, AttributeError):  # its backlog is full, or this is another system
        return None
    finally:
        link.close()


def _told_of(pid: int) -> "tuple[str, str]":
    """What a process does (`T`: stopped), and its command line; empty where nobody says."""
    folder = Path("/proc", str(pid))
    with suppress(OSError):
        state = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].strip()
        return state, (folder / "cmdline").read_text("utf-8", "replace")
    from subprocess import SubprocessError, run  # noqa: PLC0415  slow, and not for Linux

    try:
        asked = ["ps", "-o", "state=,command=", "-p", str(pid)]
        told = run(asked, capture_output=True, text=True, timeout=1, check=False).stdout  # noqa: S603
    except (OSError, SubprocessError):
        return "", ""
    return told.strip(), told
