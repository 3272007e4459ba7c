"""The threads that look for alerts and send their messages. Neither is waited for by any ack."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from agentaudit_backend.alerts.message import SHOWN_EVENTS, message_of
from agentaudit_backend.alerts.posting import NotSent
from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.alerts.query import filter_of
from agentaudit_backend.store.alert_views import Delivery
from agentaudit_backend.store.store import Store
from agentaudit_processor.faults import log_fault

_log = logging.getLogger(__name__)
LOOK_S = 1.0
_FORGET_EVERY = timedelta(hours=6)
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 6 * 3600, 12 * 3600)
)
"""Between one attempt and the next; after the last it is given up, some 19 hours on."""


class Alerting:
    """Two threads of the server."""

    def __init__(self, store: Store, postman: Postman, *, look_s: float = LOOK_S) -> None:
        self._store = store
        self._postman = postman
        self._look_s = look_s
        self._stopping = Event()
        self._forget_at = datetime.min.replace(tzinfo=UTC)
        self._threads = [
            Thread(target=self._run, args=(step,), name=name, daemon=True)
            for name, step in (("alerts-look", self.look), ("alerts-send", self.send))
        ]

    def start(self) -> None:
        """Look and send from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the message that is being sent; the rest waits in the outbox."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(5.0)

    def look(self) -> None:
        """Take all rules up to the newest leaf."""
        now = datetime.now(UTC)
        while not self._stopping.is_set() and self._store.alerts.look(filter_of, now) >= 0:
            now = datetime.now(UTC)
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_EVERY
            self._store.alerts.forget(now)

    def send(self) -> None:
        """Send all that is due."""
        while not self._stopping.is_set() and (due := self._store.alerts.take(datetime.now(UTC))):
            self._send(due)

    def _send(self, due: Delivery) -> None:
        alerts, now = self._store.alerts, datetime.now(UTC)
        alert = alerts.one(due.organization_id, due.alert_id)
        if alert is None:
            alerts.failed(due.delivery_id, "its alert is gone", retry_at=None, now=now)
            return
        events = alerts.events_of(due.organization_id, due.alert_id, SHOWN_EVENTS)
        waiting = self._store.approvals.list(due.organization_id, now, pending=True)
        message = message_of(
            alert,
            events,
            message_id=due.delivery_id,
            public_url=self._postman.public_url,
            approvals={each.event_id: each.approval_id for each in waiting},
        )
        try:
            self._postman.send(due.channel, message, now)
        except NotSent as why:
            tries_left = due.attempts <= len(WAITS) and not why.final
            retry_at = now + WAITS[due.attempts - 1] if tries_left else None
            alerts.failed(due.delivery_id, str(why), retry_at=retry_at, now=now)
        else:
            alerts.sent(due.delivery_id, datetime.now(UTC))

    def _run(self, step: Callable[[], None]) -> None:
        while not self._stopping.wait(self._look_s):
            try:
                step()
            except Exception as error:  # noqa: BLE001  the store may be away; there is a next time
                log_fault(_log, "alerts", error)
