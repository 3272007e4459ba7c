"""Finds the relays that a test's hooks left running, by their HOME, and ends them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agentaudit_hook.control import ask_relay
from agentaudit_hook.places import Place


def relays_of(home: Path) -> list[int]:
    """Process ids of the relays whose HOME is `home` (Linux: read from /proc)."""
    wanted = f"HOME={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            if b"agentaudit_hook.relay" not in command:
                continue
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has just gone, or is another user's
    return found


def usage_of(pid: int) -> tuple[int, float]:
    """Peak resident bytes and CPU seconds of a process (Linux)."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(after_name[11]) + int(after_name[12])
    return int(status["VmHWM"].split()[0]) * 1024, ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def no_relay_can_start(place: Place, home: Path) -> Iterator[None]:
    """For the time being: the one that runs is ended, a folder lies where its lock belongs."""
    ask_relay(place, "stop")
    end_relays(home)
    lock = Path(place.state) / "lock"
    lock.unlink(missing_ok=True)
    lock.mkdir(parents=True)
    try:
        yield
    finally:
        lock.rmdir()


_DEAF = """
import sys, time
from pathlib import Path
from agentaudit_hook.places import Place
from agentaudit_hook.relay.folder_lock import take_lock
from agentaudit_hook.relay.server import listen
place = Place(name=sys.argv[2], state=sys.argv[3], runtime=sys.argv[4])
lock = take_lock(Path(place.state) / "lock")
listener = listen(place)
print(lock is not None, flush=True)
time.sleep(600)
"""


@contextmanager
def a_deaf_relay(place: Place) -> Iterator[int]:
    """A process in a relay's place that listens and never answers; gives its id."""
    words = ["agentaudit_hook.relay", place.name, place.state, place.runtime]
    with subprocess.Popen(
        [sys.executable, "-c", _DEAF, *words], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        try:
            yield process.pid
        finally:
            process.kill()


def end_relays(home: Path, *, wait_s: float = 5) -> None:
    """Ask them to stop; kill what is still there after `wait_s`."""
    for number, sign in ((1, signal.SIGTERM), (2, signal.SIGKILL)):
        for pid in relays_of(home):
            _signal(pid, sign)
        deadline = time.monotonic() + wait_s
        while relays_of(home) and time.monotonic() < deadline:
            time.sleep(0.05)
        if number == 2 or not relays_of(home):
            return


def _signal(pid: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, sign)
