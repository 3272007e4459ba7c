"""Which process runs each session, so that one that was killed is not waited for for days.

An agent that is killed tells no end of anything. The process that started its hook is the agent, or
a shell that the agent started; its number and its start name it, since numbers are used again.
Where the system tells nothing of processes, nothing is known to have died.
"""

import threading

from agentaudit_hook.relay.process_table import CannotTell, Process, may_run, process_of

MAX_SESSIONS = 1_024
MAX_LEVELS = 8
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "fish", "busybox"))


class AgentProcesses:
    """Remembers them while a relay lives; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Process] = {}

    def seen(self, session_id: str, client: str) -> None:
        """A hook of that session runs, `client` being its process id as text.

        Where it must not cost the agent time, a process that may run still is taken to do so.
        """
        known = self._of.get(session_id)
        if (known is not None and may_run(known.pid)) or not client.isdigit():
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
        if known is None:
            return False
        try:
            return not may_run(known.pid) or not known.is_same(process_of(known.pid))
        except CannotTell:
            return False


def _agent_above(client: int) -> Process | None:
    """The nearest process above `client` that is no shell; None if nobody can tell."""
    pid = client
    for level in range(MAX_LEVELS):
        try:
            told = process_of(pid)
        except CannotTell:
            return None
        if told is None or pid <= 1:
            return None
        if level and told.name not in _SHELLS:
            return told
        pid = told.parent
    return None
