"""Retention once a day, and room for the months to come: by the server on its own."""

import logging
import time
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


class Housekeeping:
    """A thread of the server."""

    def __init__(self, store: Store, judge: Judge, *, look_s: float = LOOK_S) -> None:
        self._store = store
        self._judge = judge
        self._look_s = look_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after the hour that is being removed now, at the latest with the process."""
        self._stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            try:
                self._look(datetime.now(UTC))
            except Exception as error:  # noqa: BLE001  the store may be away; there is a next time
                log_fault(_log, "retention", error)

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
