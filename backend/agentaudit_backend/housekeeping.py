"""What the server does on its own: retention once a day, room for months to come, the index."""

import logging
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from agentaudit_backend.recording import record_own
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.retention import Purged
from agentaudit_backend.store.store import Store
from agentaudit_processor.faults import log_fault
from agentaudit_processor.model import EventKind
from agentaudit_processor.pipeline import Judge

_log = logging.getLogger(__name__)
EVERY = timedelta(days=1)
LOOK_S = 600.0
"""How often it is asked whether a day has passed: servers of one database share the work."""
INDEX_S = 10.0
"""How often it is asked whether a segment is full."""


def retain(store: Store, judge: Judge, now: datetime, *, author: str) -> Purged:
    """Remove what is due, and record that.

    Raises:
        LookupError: there is no organisation yet.
        Unavailable: the database went away; what was removed until then stays removed.
    """
    organization_id = store.default_organization()
    purged = store.purge(organization_id, now)
    record_own(
        store,
        judge,
        organization_id,
        EventKind.RETENTION_PURGE,
        "RetentionPurge",
        author=author,
        at_ns=time.time_ns(),
        data={
            "contents_removed": purged.contents,
            "events_removed": purged.events,
            "held": purged.held,
            "content_before": _iso(purged.content_before),
            "events_before": _iso(purged.events_before),
        },
    )
    return purged


class _Rounds(ABC):
    """A thread of the server that looks again and again."""

    def __init__(self, store: Store, name: str, look_s: float) -> None:
        self._store = store
        self._name = name
        self._look_s = look_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done now, at the latest with the process."""
        self._stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            try:
                self._look(datetime.now(UTC))
            except Exception as error:  # noqa: BLE001  the store may be away; there is a next time
                log_fault(_log, self._name, error)

    @abstractmethod
    def _look(self, now: datetime) -> None: ...


class Indexing(_Rounds):
    """Keeps the index of texts up to what was written; each segment is a transaction of its own."""

    def __init__(self, store: Store, *, look_s: float = INDEX_S) -> None:
        super().__init__(store, "index of texts", look_s)

    def _look(self, now: datetime) -> None:  # noqa: ARG002
        while not self._stopping.is_set() and self._store.index_texts():
            pass


class Housekeeping(_Rounds):
    """Removes what is due, and makes room."""

    def __init__(self, store: Store, judge: Judge, *, look_s: float = LOOK_S) -> None:
        super().__init__(store, "housekeeping", look_s)
        self._judge = judge

    def _look(self, now: datetime) -> None:
        self._store.make_ahead()
        organization_id = self._store.default_organization()
        lately = EventFilter(since=now - EVERY, kinds=(EventKind.RETENTION_PURGE,))
        if self._store.count_up_to(organization_id, lately, 1):
            return
        if not self._store.count_up_to(organization_id, EventFilter(), 1):
            return  # nothing was recorded yet, and the set-up page still waits
        purged = retain(self._store, self._judge, now, author="agentaudit, daily")
        if purged.contents or purged.events:
            _log.info(
                "retention: removed %d events and the content of %d, %d are held",
                purged.events,
                purged.contents,
                purged.held,
            )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
