"""Runs the press: gives it its order, takes the PDF, and hears meanwhile how far it is."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread, Timer
from typing import IO

from agentaudit_backend.reports.press import PAGE

_LAST_LINES, _LAST_BYTES = 20, 2000
"""Of what a press that failed has said."""
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "PYTHONPATH",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "SYSTEMROOT",
)
"""What fonts and imports need; no key or database address reaches the press."""


class Unprintable(Exception):
    """The press failed or took too long; the text says which, for the log."""


def press(make_order: Callable[[], bytes], time_limit: float, told: Callable[[int], None]) -> bytes:
    """The PDF.

    Args:
        make_order: gives what `reports.press` reads; called while the press gets ready.
        time_limit: seconds by the clock, once it has its order.
        told: called with the number of pages so far.

    Raises:
        Unprintable: it failed, or took longer.
    """
    with _started() as process:
        try:
            order = make_order()
        except BaseException:
            process.kill()
            raise
        return _pressed(process, order, time_limit, told)


def _pressed(
    process: "subprocess.Popen[bytes]",
    order: bytes,
    time_limit: float,
    told: Callable[[int], None],
) -> bytes:
    assert process.stdin is not None  # noqa: S101  as asked for
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    late = Event()
    said: list[bytes] = []
    alarm = Timer(time_limit, _end, (process, late))
    listener = Thread(target=_listen, args=(process.stderr, told, said))
    for thread in (alarm, listener):
        thread.daemon = True
        thread.start()
    with suppress(BrokenPipeError):  # it has ended already, and says why
        process.stdin.write(order)
        process.stdin.close()
    made = process.stdout.read()
    status = process.wait()
    alarm.cancel()
    listener.join()
    if late.is_set():
        raise Unprintable(f"not done after {time_limit:g} seconds")
    if status != 0 or not made.startswith(b"%PDF-"):
        words = b"".join(said)[-_LAST_BYTES:].decode("utf-8", "replace")
        raise Unprintable(f"exit status {status}: {words}")
    return made


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        # -P: the folder that the server was started in must not bring modules of its own
        [sys.executable, "-P", "-m", "agentaudit_backend.reports.press"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
    )


def _end(process: "subprocess.Popen[bytes]", late: Event) -> None:
    late.set()
    process.kill()


def _listen(stderr: IO[bytes], told: Callable[[int], None], said: list[bytes]) -> None:
    """Take what it says: how many pages it has, and the last lines of another kind."""
    for line in stderr:
        if line.startswith(PAGE):
            told(int(line.removeprefix(PAGE)))
        else:
            said.append(line)
            del said[:-_LAST_LINES]
