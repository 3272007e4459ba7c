"""A person at a terminal, for programs that ask."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROWS, COLUMNS = 40, 120
_READING_S = 0.5
"""A program that paints a question may take keys a moment later."""
_STEERING = re.compile(r"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|\s+")


def at_a_terminal(
    command: list[str], env: Mapping[str, str], *, prompt: str, typed: str, cwd: Path
) -> tuple[str, int]:
    """What a person sees who types `typed` once `prompt` has appeared; and the exit code."""
    return converse(command, env, [(prompt, typed)], cwd=cwd)


def converse(
    command: list[str],
    env: Mapping[str, str],
    steps: Sequence[tuple[str, str]],
    *,
    cwd: Path,
    within_s: float = 60,
) -> tuple[str, int]:
    """What a person sees who waits for each step's text and then types its answer; the exit code.

    Spaces do not count in what is waited for: a program that paints its screen skips over them.

    Raises:
        TimeoutError: the program has not ended in time; it is killed.
    """
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(cwd)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests may ignore it
        os.execve(command[0], command, dict(env))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    seen, read_to, waiting = b"", 0, list(steps)
    deadline = time.monotonic() + within_s
    try:
        while chunk := _read(terminal, deadline):
            seen += chunk
            if waiting and _plain(waiting[0][0]) in _plain(seen[read_to:].decode(errors="replace")):
                time.sleep(_READING_S)
                os.write(terminal, waiting.pop(0)[1].encode())
                read_to = len(seen)
    except TimeoutError as error:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise TimeoutError(f"{waiting}: {_plain(seen.decode(errors='replace'))}") from error
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return seen.decode(errors="replace"), os.waitstatus_to_exitcode(status)


def _read(terminal: int, deadline: float) -> bytes:
    ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
    if not ready:
        raise TimeoutError
    return os.read(terminal, 4096)


def _plain(text: str) -> str:
    """What is read on the screen, without spaces."""
    return _STEERING.sub("", text)
