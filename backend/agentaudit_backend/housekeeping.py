"""What the server does on its own: retention once a day, the index, when keys were last used."""

import logging
import time
from datetime import UTC, datetime, timedelta

from agentaudit_backend.recording import record_own
from agentaudit_backend.rounds import Rounds
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.retention import Purged
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind
from agentaudit_processor.pipeline import Judge

_log = logging.getLogger(__name__)
EVERY = timedelta(days=1)
LOOK_S = 600.0
"""How often it is asked whether a day has passed: servers of one database share the work."""
INDEX_S = 10.0
"""How often it is asked whether a segment is full."""
USES_S = 60.0
"""How often it is written when keys were last used."""


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


class Indexing(Rounds):
    """Keeps the index of texts up to what was written; each segment is a transaction of its own."""

    def __init__(self, store: Store, *, look_s: float = INDEX_S) -> None:
        super().__init__("index of texts", look_s)
        self._store = store

    def _round(self) -> None:
        while not self._stopping.is_set() and self._store.index_texts():
            pass


class KeyUses(Rounds):
    """Writes when keys were last used; a crash loses at most what the last round brought."""

    def __init__(self, store: Store, *, pause_s: float = USES_S) -> None:
        super().__init__("when keys were last used", pause_s, once_more=True)
        self._store = store

    def _round(self) -> None:
        self._store.write_key_uses()


class Housekeeping(Rounds):
    """Removes what is due, and makes room."""

    def __init__(self, store: Store, judge: Judge, *, look_s: float = LOOK_S) -> None:
        super().__init__("housekeeping", look_s)
        self._store = store
        self._judge = judge

    def _round(self) -> None:
        now = datetime.now(UTC)
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
