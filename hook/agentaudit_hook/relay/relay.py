"""The relay as a whole: its parts put together, and its end."""

import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agentaudit_hook import __version__
from agentaudit_hook.judging import load_judge
from agentaudit_hook.places import Place
from agentaudit_hook.relay.decided import Heard
from agentaudit_hook.relay.desk import Desk
from agentaudit_hook.relay.drift_watch import DriftWatch, is_time_to_look
from agentaudit_hook.relay.exporter import Exporter
from agentaudit_hook.relay.heir import Heir
from agentaudit_hook.relay.own_settings import own_settings
from agentaudit_hook.relay.policy_cache import PolicyCache
from agentaudit_hook.relay.replies import Reply
from agentaudit_hook.relay.server import Answered, Header, Server
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.settings import config_stamps
from agentaudit_hook.waking import forget_unanswered

TICK_SECONDS = 2.0
IDLE_SECONDS = 30 * 60
IDLE_WITH_SPOOL_SECONDS = 24 * 3600
"""While the server is away, the relay stays longer to deliver when it is back."""
ABANDONED_AFTER_NS = 3 * 24 * 3600 * 1_000_000_000
"""A permission may be asked for on Friday and given on Monday; an end is recorded once only."""
KILLED_AFTER_NS = 60 * 1_000_000_000
"""What a killed agent has told yet, but nobody heard, comes before that."""
STOP_SECONDS = 2.0
LAST_EXPORT_SECONDS = 0.5

_log = logging.getLogger(__name__)


class Relay:
    """Made once the socket listens; `run` returns when the relay is no longer needed."""

    def __init__(self, place: Place, listener: socket.socket) -> None:
        self._place = place
        self._state = Path(place.state)
        self._socket_inode = Path(place.socket).stat().st_ino
        self._config_stamps = config_stamps(os.environ)
        self._started_ns = time.time_ns()
        self._stopping = threading.Event()
        self._status = StatusFile(self._state / "status.json", time.time_ns)
        self._settings, problem = own_settings(os.environ)
        self._status.tell("settings", problem)
        self._policy = PolicyCache(
            self._settings,
            self._state / "policy.json",
            self._status,
            closed_file=Path(place.closed),
            others=self._state.parent,
        )
        if problem is not None:  # nothing is sent anywhere, and all is kept
            self._policy.stop()
        else:
            _start(self._policy.run)
        self._spool = Spool(self._state / "spool")
        self._judge, wrong = load_judge(self._settings)
        self._status.tell("packs", wrong)
        self._exporter = Exporter(
            self._spool, self._settings, self._status, self._state / "refused"
        )
        self._desk = Desk(
            self._state,
            self._settings,
            self._status,
            judge=self._judge,
            policy=self._policy.current,
            spool=self._spool,
            await_delivery=self._exporter.await_delivery,
        )
        self._heir = Heir(place, self._settings, self._spool)
        self._server = Server(listener, place.name, hear=self._hear, control=self._answer_control)
        self._drift = DriftWatch(dict(os.environ))
        self._is_drift_due = True
        gc.freeze()  # packs and modules live as long as the process

    def run(self) -> None:
        """Serve until idle, told to stop, outdated, or robbed of the socket."""
        _log.info("relay %s listens, pid %d", __version__, os.getpid())
        self._desk.drain_inbox()
        _start(self._server.run)
        exporter = _start(self._export)
        self._judge.speed_up_soon()
        while not self._stopping.wait(TICK_SECONDS):
            self._desk.drain_inbox()
            now_ns = time.time_ns()
            self._desk.recorder.abandon_older_than(now_ns - ABANDONED_AFTER_NS)
            self._desk.recorder.abandon_of_the_dead(now_ns - KILLED_AFTER_NS)
            interval_ns = int(self._settings.heartbeat_seconds) * 1_000_000_000
            self._desk.recorder.beat(now_ns, interval_ns, waiting=self._spool.pending)
            self._tell_drift()
            self._desk.record_damages(self._spool.damages())
            self._desk.record_refused(self._exporter.refused())
            if self._server.answered_at > time.monotonic() - 2 * TICK_SECONDS:
                forget_unanswered(self._place)
            if self._exporter.has_delivered:
                self._heir.look()
            if reason := self._reason_to_end():
                _log.info("relay ends: %s", reason)
                break
        self._end(exporter)

    def stop(self) -> None:
        """Let `run` return soon; safe in a signal handler."""
        self._stopping.set()

    def _export(self) -> None:
        if "settings" not in self._status.problems:
            # The first answer comes first: the exporter's imports would hold it up.
            self._exporter.run(self._server.answered)

    def _end(self, exporter: threading.Thread) -> None:
        if self._owns_socket():
            Path(self._place.socket).unlink(missing_ok=True)
        self._server.stop(STOP_SECONDS)
        self._policy.stop()
        self._exporter.stop()
        exporter.join(LAST_EXPORT_SECONDS)
        self._spool.close()

    def _hear(self, header: Header, body: bytes) -> Answered:
        self._is_drift_due |= is_time_to_look(header.get("verb", ""), body)
        reply: Reply = self._desk.hear(header, body)
        if _is_newer(header.get("version", ""), __version__):
            _log.info("version %s is installed: relay ends", header["version"])
            self.stop()
        return reply.stdout, lambda: self._desk.recorder.confirm(reply)

    def _tell_drift(self) -> None:
        """Record what was changed since `install`."""
        if self._is_drift_due:
            self._is_drift_due = False
            try:
                self._desk.recorder.take(self._drift, self._desk.told({}, b"", ""), Heard.LATE)
            except OSError as error:  # told with the next session
                _log.warning("drift could not be recorded: %s", error)
                self._drift = DriftWatch(dict(os.environ))

    def _answer_control(self, wanted: str) -> object:
        if wanted == "flush":
            self._desk.drain_inbox()
            self._exporter.hurry()
        elif wanted == "policy":
            self._policy.refresh()
        elif wanted == "stop":
            self.stop()
        policy = self._policy.current()
        return {
            "version": __version__,
            "pid": os.getpid(),
            "started_ns": self._started_ns,
            "pending": self._spool.pending,
            "open_calls": len(self._desk.open_calls),
            "problems": self._status.problems,
            "base_url": self._settings.base_url,
            "policy_version": policy.version,
            "policy_fetched_ns": self._policy.fetched_ns,
            "on_failure": policy.on_failure.value,
            "require_remote_record": policy.require_remote_record,
            "logging_level": policy.logging_level.value,
            "blocks_from": policy.threshold.label if policy.threshold else None,
        }

    def _reason_to_end(self) -> str | None:
        idle = time.monotonic() - self._server.used_at
        if not self._owns_socket():
            return "its socket has gone"
        if not (self._state / "lock").exists():
            return "its state folder has gone"
        if config_stamps(os.environ) != self._config_stamps:
            return "the config file has changed"
        if idle > (IDLE_WITH_SPOOL_SECONDS if self._spool.pending else IDLE_SECONDS):
            return "idle"
        return None

    def _owns_socket(self) -> bool:
        try:
            return Path(self._place.socket).stat().st_ino == self._socket_inode
        except OSError:
            return False


def _start(body: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread


def _is_newer(told: str, own: str) -> bool:
    """Whether version `told` is newer than `own`; what is no version is not."""
    return _numbers(told) > _numbers(own)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)
