"""Which process runs each session, so that one that was killed is not waited for for days.

An agent that is killed tells no end of anything. The process that started its hook is the agent, or
a shell that the agent started; its number and its start name it, since numbers are used again. Told
by `/proc` alone: where there is none, nothing is known to have died.
"""

import threading
from pathlib import Path

MAX_SESSIONS = 1_024
MAX_LEVELS = 8
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "fish", "busybox"))
_PROC = Path("/proc")

Process = tuple[int, str]
"""Number and start of a process, the latter as the kernel tells it."""


class AgentProcesses:
    """Remembers them while a relay lives; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Process] = {}

    def seen(self, session_id: str, client: str) -> None:
        """A hook of that session runs, `client` being its process id as text."""
        known = self._of.get(session_id)
        if (known is not None and _lives(known)) or not client.isdigit():
            return
        agent = _agent_above(int(client))
        with self._lock:
            self._of.pop(session_id, None)
            if agent is not None:
                self._of[session_id] = agent
            while len(self._of) > MAX_SESSIONS:
                del self._of[next(iter(self._of))]

    def has_died(self, session_id: str) -> bool:
        """Whether the process of that session was known, and runs no more."""
        known = self._of.get(session_id)
        return known is not None and not _lives(known)


def _agent_above(client: int) -> Process | None:
    """The nearest process above `client` that is no shell; None if nobody can tell."""
    pid = client
    for level in range(MAX_LEVELS):
        told = _told_of(pid)
        if told is None or pid <= 1:
            return None
        name, parent, start = told
        if level and name not in _SHELLS:
            return pid, start
        pid = parent
    return None


def _lives(process: Process) -> bool:
    told = _told_of(process[0])
    return told is not None and told[2] == process[1]


def _told_of(pid: int) -> tuple[str, int, str] | None:
    """Name, parent and start of a process; None for one that runs no more.

    Source: proc_pid_stat(5). The name stands in brackets, and may hold some.
    """
    try:
        head, _, tail = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")
    except OSError:
        return None
    fields = tail.split()
    if len(fields) < 20 or fields[0] in ("Z", "X"):
        return None
    return head.partition("(")[2], int(fields[1]), fields[19]
