"""What could not be forwarded, as an Event: once a minute at most, whatever is lost."""

import logging
import time
from collections import Counter
from threading import Lock

from agentaudit_backend.recording import record_own
from agentaudit_backend.rounds import Rounds
from agentaudit_backend.store.store import Store
from agentaudit_processor.faults import log_fault
from agentaudit_processor.model import EventKind
from agentaudit_processor.pipeline import Judge

_log = logging.getLogger(__name__)
PAUSE_S = 60.0


class LossRecord(Rounds):
    """Adds up losses of the forwarder, and records the sums."""

    def __init__(self, store: Store, judge: Judge, *, pause_s: float = PAUSE_S) -> None:
        super().__init__("forward-losses", pause_s, once_more=True)
        self._store = store
        self._judge = judge
        self._lock = Lock()
        self._lost: Counter[tuple[str, str, str]] = Counter()

    def add(self, destination: str, signal: str, items: int, why: str) -> None:
        """`Loss` of the forwarder; never waits."""
        with self._lock:
            self._lost[destination, signal, why] += items

    def _round(self) -> None:
        with self._lock:
            lost, self._lost = self._lost, Counter()
        for (destination, signal, why), items in lost.items():
            try:
                self._write(destination, signal, items, why)
            except Exception as error:  # noqa: BLE001  the store may be away; the next is tried
                log_fault(_log, "recording a loss", error)
                self.add(destination, signal, items, why)

    def _write(self, destination: str, signal: str, items: int, why: str) -> None:
        organization_id = self._store.default_organization()
        record_own(
            self._store,
            self._judge,
            organization_id,
            EventKind.LOGGING_STATE,
            "ForwardLost",
            author="forwarder",
            at_ns=time.time_ns(),
            data={"destination": destination, "signal": signal, "items": items, "why": why},
        )
