"""A person at a terminal, for commands that ask."""

import os
import pty
from collections.abc import Mapping
from pathlib import Path


def at_a_terminal(
    command: list[str], env: Mapping[str, str], *, prompt: str, typed: str, cwd: Path
) -> tuple[str, int]:
    """What a person sees who types `typed` once `prompt` has appeared; and the exit code."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(cwd)
        os.execve(command[0], command, dict(env))
    seen, answered = b"", False
    try:
        while chunk := os.read(terminal, 4096):
            seen += chunk
            if not answered and prompt.encode() in seen:
                os.write(terminal, typed.encode())
                answered = True
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return seen.decode(), os.waitstatus_to_exitcode(status)
