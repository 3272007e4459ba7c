"""Deliver what hooks without a relay have left in the spool, then end.

Started by the thin client as `python -P -m agentaudit_hook.relay.deliver`; never by hand.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agentaudit_hook.places import usable_place
from agentaudit_hook.relay.exporter import Exporter
from agentaudit_hook.relay.folder_lock import locked, take_lock
from agentaudit_hook.relay.log_file import log_to_file
from agentaudit_hook.relay.own_settings import own_settings
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile

LOCK = "deliver.lock"
PATIENCE_SECONDS = 60.0
"""How long it tries without success: the next call starts another."""
POLL_SECONDS = 0.5
LOCK_SECONDS = 10.0

_Result = TypeVar("_Result")


def main() -> int:
    """0 as well when another process is delivering."""
    os.umask(0o077)
    place = usable_place(os.environ)
    if place is None:
        return 1
    state = Path(place.state)
    log_to_file(place, logging.WARNING)
    spool = SharedSpool(state)
    # What is left when the lock is given up came while its writer saw it held.
    while spool.pending:
        file = take_lock(state / LOCK)
        if file is None:
            return 0
        is_done = _deliver(state, spool)
        os.close(file)
        if not is_done:
            return 1
    return 0


class SharedSpool:
    """A spool that several processes use in turn: each access opens it under the folder's lock."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.grown = threading.Event()

    @property
    def pending(self) -> int:
        """See Spool."""
        return self._using(lambda spool: spool.pending)

    @property
    def acknowledged(self) -> int:
        """See Spool."""
        return self._using(lambda spool: spool.acknowledged)

    def read(self, max_records: int, max_bytes: int) -> list[tuple[int, bytes]]:
        """See Spool."""
        return self._using(lambda spool: spool.read(max_records, max_bytes))

    def acknowledge(self, number: int) -> None:
        """See Spool."""
        self._using(lambda spool: spool.acknowledge(number))

    def _using(self, use: Callable[[Spool], _Result]) -> _Result:
        with locked(self._state / "lock", LOCK_SECONDS) as is_ours:
            if not is_ours:
                raise OSError("the state folder is held by another process")
            spool = Spool(self._state / "spool")
            try:
                return use(spool)
            finally:
                spool.close()


def _deliver(state: Path, spool: SharedSpool) -> bool:
    """Send until nothing waits; False when nothing could be sent for too long."""
    settings, problem = own_settings(os.environ)
    if problem is not None:  # told by the hook, which keeps the records
        return False
    status = StatusFile(state / "status.json", time.time_ns)
    exporter = Exporter(spool, settings, status, state / "refused")
    answered = threading.Event()
    answered.set()
    thread = threading.Thread(target=exporter.run, args=(answered,), daemon=True)
    thread.start()
    waiting, deadline = spool.pending, time.monotonic() + PATIENCE_SECONDS
    while waiting and time.monotonic() < deadline:
        spool.grown.set()  # other processes write, and cannot say so
        time.sleep(POLL_SECONDS)
        before, waiting = waiting, spool.pending
        if waiting < before:
            deadline = time.monotonic() + PATIENCE_SECONDS
    exporter.stop()
    return not waiting


if __name__ == "__main__":
    sys.exit(main())
