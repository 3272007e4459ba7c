"""One call without a relay: judged, recorded and answered by the hook's own process.

For systems without Unix sockets, and for those who want no resident process (AGENTAUDIT_RELAY=off).
It costs an agent the loading of the judge at every call. Delivery is left to a process of its own,
started when there is something to deliver and none is under way.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agentaudit_hook.frames import UNTIL
from agentaudit_hook.judging import load_judge
from agentaudit_hook.places import Place
from agentaudit_hook.relay.desk import Desk, Header
from agentaudit_hook.relay.exporter import Exporter
from agentaudit_hook.relay.folder_lock import locked
from agentaudit_hook.relay.log_file import log_to_file
from agentaudit_hook.relay.own_settings import own_settings
from agentaudit_hook.relay.policy_cache import PolicyCache
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile

LOCK_SECONDS = 3.0
RECEIPT_SECONDS = 2.5
"""How long the server's receipt is waited for, where the policy wants one."""


def answer_alone(place: Place, header: Header, body: bytes, tell: Callable[[bytes], None]) -> bool:
    """Record one event and answer it.

    Args:
        place: its state folder is there.
        header: of the client's frame, as text.
        body: what the agent said on stdin.
        tell: passes the answer on to the agent.

    Returns:
        Whether records wait to be delivered.

    Raises:
        Busy: another process holds the state folder.
        OSError: the state folder cannot be used.
    """
    os.umask(0o077)
    state = Path(place.state)
    log_to_file(place, logging.WARNING)
    with locked(state / "lock", LOCK_SECONDS) as is_ours:
        if not is_ours:
            raise Busy(place.state)
        # The agent waits for this very process: it cannot have given up while the lock was taken.
        until_ns = time.monotonic_ns() + int(RECEIPT_SECONDS * 1e9)
        header = {**header, UNTIL: str(until_ns)}
        status = StatusFile(state / "status.json", time.time_ns)
        settings, problem = own_settings(os.environ)
        status.tell("settings", problem)
        policy = PolicyCache(
            settings,
            state / "policy.json",
            status,
            closed_file=Path(place.closed),
            others=state.parent,
        )
        if problem is None:
            policy.refresh_if_old()
        policy.stop()
        judge, wrong = load_judge(settings)
        status.tell("packs", wrong)
        spool = Spool(state / "spool")
        exporter = Exporter(spool, settings, status, state / "refused")
        desk = Desk(
            state,
            settings,
            status,
            judge=judge,
            policy=policy.current,
            spool=spool,
            await_delivery=lambda number, seconds: _deliver(exporter, number, seconds),
        )
        reply = desk.hear(header, body)
        tell(reply.stdout)
        desk.recorder.confirm(reply)
        desk.drain_inbox()
        spool.close()
        return problem is None and spool.pending > 0


class Busy(Exception):
    """Another process holds the state folder, for longer than an agent can wait."""


def _deliver(exporter: Exporter, number: int, seconds: float) -> str | None:
    answered = threading.Event()
    answered.set()
    thread = threading.Thread(target=exporter.run, args=(answered,), daemon=True)
    thread.start()
    trouble = exporter.await_delivery(number, seconds)
    exporter.stop()
    thread.join(seconds)
    return trouble
