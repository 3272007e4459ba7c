"""The lock of a state folder: whose spool, journals and inbox it is for now.

The system gives it up with the process that held it, so that a crash locks nobody out and the
number in no file has to be believed.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentaudit_hook.places import NO_FOLLOW

_POLL_SECONDS = 0.02


def take_lock(path: Path) -> int | None:
    """The lock as an open file, to be held as long as it is open; None while another holds it.

    Raises:
        OSError: the file cannot be opened.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o600)
    try:
        _lock(file)
    except OSError:
        os.close(file)
        return None
    return file


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[bool]:
    """Hold the lock for a while; False if its holder did not let go in time.

    Raises:
        OSError: the file cannot be opened.
    """
    deadline = time.monotonic() + seconds
    file = take_lock(path)
    while file is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        file = take_lock(path)
    try:
        yield file is not None
    finally:
        if file is not None:
            os.close(file)


def _lock(file: int) -> None:
    try:
        import fcntl  # noqa: PLC0415  not on Windows
    except ImportError:
        _lock_on_windows(file)
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_on_windows(file: int) -> None:
    import msvcrt  # noqa: PLC0415  on Windows only

    locking, mode = getattr(msvcrt, "locking"), getattr(msvcrt, "LK_NBLCK")  # noqa: B009
    locking(file, mode, 1)
