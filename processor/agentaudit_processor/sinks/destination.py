"""One destination of the forwarder: its queue, its thread, its patience."""

import logging
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Protocol

from agentaudit_processor.faults import log_fault
from agentaudit_processor.otlp import SIGNALS, Signal
from agentaudit_processor.ports import SentWith, Unavailable
from agentaudit_processor.sinks.queue import SendingQueue, Waiting
from agentaudit_processor.sinks.transport import NotTaken
from agentaudit_processor.tally import Tally

_log = logging.getLogger(__name__)
_SIGNALS = {signal.name: signal for signal in SIGNALS}
_JITTER = 0.5
"""Part of a delay that is left to chance, as the Collector's `randomization_factor`."""

Loss = Callable[[str, str, int, str], None]
"""Told what is lost: destination, signal, number of items, why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How patient a destination is; named as the Collector's `retry_on_failure`."""

    initial_interval_s: float = 1.0
    max_interval_s: float = 30.0
    max_elapsed_s: float = 0.0
    """0: never given up; the queue's size is the limit."""


class Transport(Protocol):
    """Sends one serialised request."""

    def send(self, signal: Signal, body: bytes, sent_with: SentWith = ()) -> int:
        """Return once the destination has taken it, with these headers beside its own.

        Gives how many of its items it refused nevertheless, for good.

        Raises:
            Unavailable: it may be taken later.
            NotTaken: it was refused for good.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Destination:
    """Sends what is put into its queue, in order, whatever other destinations do."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        queue: SendingQueue,
        *,
        retry: Retry | None = None,
        tally: Tally | None = None,
        on_loss: Loss | None = None,
        headers_from_sender: frozenset[str] = frozenset(),
    ) -> None:
        """`headers_from_sender`: names, in lower case, of headers that it gets as they came."""
        self.name = name
        self.headers_from_sender = headers_from_sender
        self.queue = queue
        self.tally = tally or Tally()
        self.in_flight = 0
        """Requests that are being sent or wait for another try: one at most, for order's sake."""
        self._transport = transport
        self._retry = retry or Retry()
        self._on_loss = on_loss or (lambda *_: None)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=f"forward-{name}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, signal: Signal, items: int, body: bytes, sent_with: SentWith = ()) -> None:
        """Queue a request, or lose and count it where there is no room. Never waits, nor raises."""
        along = tuple(one for one in sent_with if one[0] in self.headers_from_sender)
        try:
            if self.queue.put(signal.name, items, body, along):
                return
            why = "the queue is full"
        except sqlite3.Error as error:
            why = f"the queue's file: {error}"
        self.tally.add(f"exporter_enqueue_failed_{signal.items}", items, exporter=self.name)
        self._on_loss(self.name, signal.name, items, why)

    def stop(self, grace_s: float) -> None:
        """Send what waits for at most `grace_s` seconds; a file keeps the rest for later."""
        self.queue.wait_until_empty(grace_s)
        self._stopping.set()
        lost = self.queue.close()
        self._thread.join(1.0)
        self._transport.close()
        if lost:
            self.tally.add("exporter_send_failed_items", lost, exporter=self.name)
            self._on_loss(self.name, "all", lost, "the server stopped, and its queue is in memory")

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                waiting = self.queue.first()
                if waiting is None or not self._handle(waiting):
                    return
            except sqlite3.Error as error:  # a full disk, say: what was sent is sent once more then
                log_fault(_log, f"the queue of {self.name}", error)
                self._stopping.wait(self._retry.initial_interval_s)

    def _handle(self, waiting: Waiting) -> bool:
        """Send one and take it out; False when forwarding stops, and it stays."""
        signal = _SIGNALS[waiting.signal]
        self.in_flight = 1
        try:
            lost = self._sent(signal, waiting)
        except Exception as error:  # noqa: BLE001  one bad request must not end forwarding
            log_fault(_log, f"forwarding to {self.name}", error)
            why = f"a fault of ours: {type(error).__name__}"
            lost = self._lost(signal, waiting.items, why)
        finally:
            self.in_flight = 0
        if lost is None:
            return False
        self.queue.remove(waiting)
        sent = waiting.items - lost
        self.tally.add(f"exporter_sent_{signal.items}", sent, exporter=self.name)
        self.tally.add(f"exporter_send_failed_{signal.items}", lost, exporter=self.name)
        return True

    def _sent(self, signal: Signal, waiting: Waiting) -> int | None:
        """Try until it is taken, refused for good, or given up; None when forwarding stops.

        Gives how many items were lost.
        """
        delay_s, waited_s = self._retry.initial_interval_s, 0.0
        while True:
            try:
                refused = self._transport.send(signal, waiting.body, waiting.sent_with)
            except NotTaken as error:
                return self._lost(signal, waiting.items, f"refused: {error}")
            except Unavailable as error:
                limit_s = self._retry.max_elapsed_s
                if limit_s and waited_s >= limit_s:
                    why = f"given up after {waited_s:.0f} s: {error}"
                    return self._lost(signal, waiting.items, why)
                pause_s = delay_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
                if self._stopping.wait(pause_s):
                    return None
                waited_s += pause_s
                delay_s = min(delay_s * 2, self._retry.max_interval_s)
            else:
                lost = min(refused, waiting.items)
                return self._lost(signal, lost, "refused by it, of what it took") if lost else 0

    def _lost(self, signal: Signal, items: int, why: str) -> int:
        _log.warning("forwarding %s to %s: %s", signal.name, self.name, why)
        self._on_loss(self.name, signal.name, items, why)
        return items
