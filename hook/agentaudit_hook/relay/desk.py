"""The desk: hook events as the client sent them → the recorder, with what else it has to know.

The resident relay has one for its life, a hook that works without a relay one for its call.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from agentaudit_hook.agents.own import own_fact
from agentaudit_hook.agents.recognise import agent_of, split_argument
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.frames import REFUSED, RELAY_HUNG, RELAY_STOPPED
from agentaudit_hook.relay.approvals import asking
from agentaudit_hook.relay.call_settings import CallSettings
from agentaudit_hook.relay.decided import Heard
from agentaudit_hook.relay.dropped import (
    RECORDS_DAMAGED,
    RECORDS_DROPPED,
    damage_facts,
    refused_facts,
)
from agentaudit_hook.relay.files import own_key
from agentaudit_hook.relay.inbox import drain_inbox, dropped_frames, forget_dropped
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.labels import Labels
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.recorder import Recorder
from agentaudit_hook.relay.replies import Reply
from agentaudit_hook.relay.repository import Repositories
from agentaudit_hook.relay.segments import Damage
from agentaudit_hook.relay.sequences import Sequences
from agentaudit_hook.relay.set_aside import Refused
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.settings import Settings
from agentaudit_processor.model import EventKind, Fact, Json
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy

Header = dict[str, str]
_TROUBLES = {
    RELAY_STOPPED: ("RelayStopped", "a signal had stopped the relay; a call woke it"),
    RELAY_HUNG: ("RelayHung", "the relay left calls unanswered; another took its place"),
}


class Desk:
    """Safe for several threads. Who opens one must hold the lock of the state folder."""

    def __init__(
        self,
        state: Path,
        settings: Settings,
        status: StatusFile,
        *,
        judge: Judge,
        policy: Callable[[], Policy],
        spool: Spool,
        await_delivery: Callable[[int, float], str | None],
    ) -> None:
        self._inbox = state / "inbox"
        self._inbox_lock = threading.Lock()
        self._of_call = CallSettings(settings)
        self.open_calls = OpenCalls(state / "open-calls")
        self._key = own_key(state / "id-key")
        self.recorder = Recorder(
            judge=judge,
            policy=policy,
            keeper=Keeper(spool, settings.spool_max_bytes, status),
            open_calls=self.open_calls,
            sequences=Sequences(state / "sequences"),
            status=status,
            await_delivery=await_delivery,
            key=self._key,
            ask_person=asking(settings),
        )
        self._repositories = Repositories()
        self._labels = Labels()
        self._user = _user_name()
        self._host = socket.gethostname()

    def hear(self, header: Header, body: bytes, *, live: bool = True) -> Reply:
        """Record one event and answer it.

        Args:
            header: of the client's frame.
            body: what the agent said on stdin.
            live: the agent is waiting; else the event lay in the inbox.

        Raises:
            OSError: not live, and it could not be recorded.
        """
        agent_name, event_name = split_argument(header.get("argument", ""))
        told = self.told(header, body, event_name)
        if live and told.verb != "pre":
            self.drain_inbox()  # an end must not overtake the request that waits there
        self._record_trouble_of_relay(header)
        late = Heard.REFUSED if REFUSED in header else Heard.LATE
        agent = agent_of(agent_name, body)
        return self.recorder.take(agent, told, Heard.LIVE if live else late)

    def drain_inbox(self) -> None:
        """Hear what clients kept because nobody answered them."""
        with self._inbox_lock:
            drain_inbox(self._inbox, lambda header, body: self.hear(header, body, live=False))
            if count := dropped_frames(self._inbox):
                self._record_dropped(count)

    def _record_trouble_of_relay(self, header: Header) -> None:
        """That calls went unanswered, whoever brought it about, must be seen on the server."""
        for told_by, (name, reason) in _TROUBLES.items():
            if told_by in header:
                told = self.told({"at_ns": header.get("at_ns", "")}, b"", "")
                data: dict[str, Json] = {"reason": reason, "calls": "answered again since then"}
                fact = own_fact(told, name, told.fact_id(name), data=data)
                with suppress(OSError):  # the spool's own trouble is told elsewhere
                    self.recorder.record(fact)

    def record_damages(self, damages: Sequence[Damage]) -> None:
        """Tell what the disk has lost, in the sessions that it stood beside; else as our own."""
        now_ns = time.time_ns()
        for damage in damages:
            facts = damage_facts(damage, now_ns) or [self._own_damage(damage, now_ns)]
            for fact in facts:
                with suppress(OSError):  # the disk is worse off than that
                    self.recorder.record(fact)

    def record_refused(self, refused: Sequence[Refused]) -> None:
        """Tell what the receiver refused for good, in the sessions that it may have been of."""
        for one in refused:
            for fact in refused_facts(one, time.time_ns()):
                with suppress(OSError):  # it lies set aside, and the status tells it
                    self.recorder.record(fact)

    def _own_damage(self, damage: Damage, now_ns: int) -> Fact:
        told = self.told({"at_ns": str(now_ns)}, b"", "")
        data: dict[str, Json] = {"reason": "a file of the spool was damaged on disk"}
        fact = own_fact(told, RECORDS_DAMAGED, told.fact_id(f"{damage.segment}|{damage.at}"))
        return replace(fact, kind=EventKind.GAP, data=data | {"bytes": damage.size_bytes})

    def _record_dropped(self, count: int) -> None:
        """Whose calls they were is not known: nobody has read them."""
        now_ns = time.time_ns()
        told = self.told({"at_ns": str(now_ns)}, b"", "")
        fact = own_fact(told, RECORDS_DROPPED, told.fact_id(str(count)))
        data: dict[str, Json] = {"reason": "no relay took them from the inbox", "frames": count}
        try:
            self.recorder.record(replace(fact, kind=EventKind.GAP, data=data))
        except OSError:  # the disk is full: it is told later
            return
        forget_dropped(self._inbox)

    def told(self, header: Header, body: bytes, event_name: str) -> Told:
        """The event with what is known of this machine and its user."""
        at_ns = header.get("at_ns", "")
        stated = self._of_call.user(header)
        return Told(
            verb=header.get("verb", ""),
            argument=event_name,
            body=body,
            at_ns=int(at_ns) if at_ns.isdigit() else time.time_ns(),
            cwd=header.get("cwd", ""),
            env=header,
            repository=self._repositories.of(header.get("cwd", "")),
            labels=self._labels.of(header.get("cwd", "")),
            relay_pid=os.getpid(),
            key=self._key,
            user_name=self._user,
            host_name=self._host,
            user_email=stated.email,
            user_id=stated.id,
            user_stated_by=stated.by,
            capture=self._of_call.capture(header),
        )


def _user_name() -> str | None:
    try:
        import pwd  # noqa: PLC0415  not on every system

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # no such table, or a container's user without an entry
        env = os.environ
        return env.get("USER") or env.get("LOGNAME") or env.get("USERNAME")
