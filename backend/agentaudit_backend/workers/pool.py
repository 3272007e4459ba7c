"""The server's side of its workers: started when there is work for them, one request each.

Where others are idle, a large request is shared out. A worker that dies takes the others along;
what they had is refused, so that its sender tries again, and new ones are started for what comes
next.
"""

import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Lock, Thread
from typing import Any

from agentaudit_backend.settings import Settings
from agentaudit_backend.store.parts import Part
from agentaudit_backend.workers.deadly import Deadly
from agentaudit_backend.workers.lanes import Lanes
from agentaudit_backend.workers.sharing import most_shares, shares_of, united
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.receivers.failures import too_costly
from agentaudit_processor.receivers.judging import Done, Work
from agentaudit_processor.sinks.forward import Outgoing

log = logging.getLogger(__name__)

START_S = 120.0
ANSWER_S = 60.0
GRACE_S = 10.0
_NURSERY = "agentaudit_backend.workers.nursery"


def workers_for(wanted: int | None) -> int:
    """How many to have: `wanted`, else one a core; on one core, and where nobody can fork, none."""
    if not hasattr(os, "fork"):
        return 0
    if wanted is not None:
        return wanted
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores if cores and cores > 1 else 0


class _TookTooLong(Unavailable):
    """No answer within ANSWER_S."""


class Workers:
    """`Elsewhere` of the receivers; any thread may call. `count` processes at most."""

    def __init__(
        self,
        count: int,
        settings: Settings,
        store: Callable[[int, Sequence[Part]], None],
        *,
        forwarding: Outgoing | None,
    ) -> None:
        self.count = count
        self._settings = settings
        self._store = store
        self._forwarding = forwarding
        self._state = Lock()
        self._crew: _Crew | None = None
        self._starting: Thread | None = None
        self._closed = False
        self._deadly = Deadly()

    def judge(self, work: Work) -> Done | None:
        """As `Elsewhere.judge`; None until the first ones are ready."""
        if self._deadly.has(work.body):
            raise too_costly()
        crew = self._crew
        if crew is None or crew.is_over:
            self._begin()
            return None
        try:
            return crew.judge(work, self._forwarding)
        except _TookTooLong:
            self._deadly.tried(work.body)
            raise

    def store(self, organization_id: int, batch: Any) -> None:
        """As `Elsewhere.store`."""
        self._store(organization_id, batch)

    def close(self) -> None:
        """Have them end; the receivers are closed already."""
        with self._state:
            self._closed = True
        if self._starting is not None:
            self._starting.join()
        if self._crew is not None:
            self._crew.end()

    def _begin(self) -> None:
        with self._state:
            busy = self._starting is not None and self._starting.is_alive()
            if self._closed or busy or (self._crew is not None and not self._crew.is_over):
                return
            self._starting = Thread(target=self._start, name="start-workers", daemon=True)
            self._starting.start()

    def _start(self) -> None:
        try:
            if self._crew is not None:
                self._crew.end()
            self._crew = _Crew.start(self.count, self._settings)
            log.info("%d workers judge large requests", self.count)
        except (OSError, EOFError, TimeoutError) as problem:
            log.error("no workers: %s; judging goes on in this process", type(problem).__name__)


class _Crew:
    """Workers of one start."""

    def __init__(self, process: "subprocess.Popen[bytes]", lanes: Sequence[Connection]) -> None:
        self._process = process
        self._lanes = Lanes(lanes)
        self.is_over = False

    @classmethod
    def start(cls, count: int, settings: Settings) -> "_Crew":
        """Start `count`, and wait until each is ready."""
        pairs = [socket.socketpair() for _ in range(count)]
        theirs = [their.fileno() for _, their in pairs]
        told = (settings.log_level, settings.log_format, str(settings.packs_dir or ""))
        process = subprocess.Popen(  # noqa: S603  our own program, our own words
            # -P: the folder that the server was started in must not bring modules of its own
            [sys.executable, "-P", "-m", _NURSERY, *told, *map(str, theirs)],
            stdin=subprocess.DEVNULL,
            pass_fds=theirs,
            start_new_session=True,  # Ctrl-C is for the server, which ends them in its own time
        )
        lanes = []
        for ours, their in pairs:
            their.close()
            lanes.append(Connection(ours.detach()))
        crew = cls(process, lanes)
        try:
            for lane in lanes:
                if not lane.poll(START_S):
                    raise TimeoutError
                lane.recv_bytes()
        except BaseException:
            crew.end()
            raise
        return crew

    def judge(self, work: Work, forwarding: Outgoing | None) -> Done | None:
        """Have the next idle worker do `work`, or several their shares of it.

        Raises:
            Unavailable: one of them died, or does not answer.
        """
        lanes = self._lanes.take(most_shares(work))
        try:
            for lane, share in zip(lanes, shares_of(work, len(lanes)), strict=True):
                lane.send_bytes(pickle.dumps((share, forwarding), pickle.HIGHEST_PROTOCOL))
            done = united([_answer_of(lane) for lane in lanes])
        except (OSError, EOFError, TimeoutError) as problem:
            for lane in lanes:
                lane.close()
            self._kill()
            log.error("a worker has gone (%s); others are started", type(problem).__name__)
            kind = _TookTooLong if isinstance(problem, TimeoutError) else Unavailable
            raise kind("the worker that judged it has gone") from problem
        self._lanes.give_back(lanes)
        return done

    def end(self) -> None:
        """Close what they listen to, and see them off."""
        self.is_over = True
        self._lanes.end()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()

    def _kill(self) -> None:
        """End all of them now: who waits for one of the others hears of it at once."""
        self.is_over = True
        self._lanes.end()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _answer_of(lane: Connection) -> Done | None:
    if not lane.poll(ANSWER_S):
        raise TimeoutError
    done: Done | None = pickle.loads(lane.recv_bytes())  # noqa: S301  from our own worker
    return done
