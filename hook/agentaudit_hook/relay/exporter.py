"""The exporter thread: spool → OTLP, in order; only an acknowledged record leaves the spool."""

import logging
import random
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agentaudit_hook.relay.records import Unreadable, unpack_record
from agentaudit_hook.relay.set_aside import Numbered, Refused, SetAside
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.relay.trouble import Rejection, Trouble
from agentaudit_hook.settings import Settings
from agentaudit_processor.model import Activity

if TYPE_CHECKING:  # OTel takes 0.3 s to import: the judge must be ready first
    from agentaudit_hook.relay.carriers import Carrier

BATCH_RECORDS = 512
LEAST_BATCH_RECORDS = 16
BATCH_BYTES = 4 * 1024 * 1024
START_SECONDS = 1.0
POLL_SECONDS = 0.02
LINGER_SECONDS = 0.1
FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 30.0
REPLAYED_AFTER_NS = 60 * 1_000_000_000
"""A record that waited longer is marked as sent late."""

_log = logging.getLogger(__name__)


class Outbox(Protocol):
    """What an Exporter needs of a Spool."""

    grown: threading.Event

    @property
    def pending(self) -> int:
        """See Spool."""
        ...

    @property
    def acknowledged(self) -> int:
        """See Spool."""
        ...

    def read(self, max_records: int, max_bytes: int) -> list[tuple[int, bytes]]:
        """See Spool."""
        ...

    def acknowledge(self, number: int) -> None:
        """See Spool."""
        ...


class Exporter:
    """Runs until stopped; `run` is the body of its thread."""

    def __init__(
        self, spool: Outbox, settings: Settings, status: StatusFile, refused: Path
    ) -> None:
        self._spool = spool
        self._settings = settings
        self._status = status
        self._set_aside = SetAside(refused, status)
        self._stopped = threading.Event()
        self._hurry = threading.Event()
        self._carrier: Carrier | None = None
        self._news = threading.Condition()
        self._failures = 0
        self._trouble = ""
        self.has_delivered = False
        """The receiver has taken something, so place and key are right."""

    def run(self, answered: threading.Event) -> None:
        """Send what the spool holds and what comes. Ends after `stop`.

        Args:
            answered: the first client has its answer, so that the imports may take the processor.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._hurry.is_set():
            if answered.wait(POLL_SECONDS):
                break
        while not self._stopped.is_set():
            try:
                self._send_all()
            except Exception as error:  # noqa: BLE001  a thread that ends in silence sends no more
                _log.error("sending failed: %s", type(error).__name__)
                self._status.tell("export", f"Sending fails here with {type(error).__name__}.")
                self._hurry.wait(MAX_BACKOFF_SECONDS)
                self._hurry.clear()

    def _send_all(self) -> None:
        """Send what there is and what comes, until `stop`."""
        from agentaudit_hook.relay.carriers import carrier_of  # noqa: PLC0415  0.3 s of imports

        self._carrier = carrier_of(self._settings)
        backoff, size = FIRST_BACKOFF_SECONDS, BATCH_RECORDS
        self._set_aside.tell()
        while not self._stopped.is_set():
            self._spool.grown.clear()
            batch = self._spool.read(size, BATCH_BYTES)
            if not batch:
                self._spool.grown.wait()
                self._linger()
                continue
            trouble = self._delivered(batch)
            self._tell_waiting(trouble)
            self._status.tell("export", trouble.sentence if trouble else None)
            if trouble is None:
                self.has_delivered = True
                if len(batch) < size:
                    self._linger()
                backoff, size = FIRST_BACKOFF_SECONDS, min(size * 2, BATCH_RECORDS)
                continue
            # A receiver too slow for a whole batch would never get through one.
            size = max(len(batch) // 2, LEAST_BATCH_RECORDS)
            self._hurry.wait(backoff * random.uniform(0.8, 1.2))  # noqa: S311  jitter, no secret
            self._hurry.clear()
            backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)

    def _linger(self) -> None:
        """Let records gather, unless one is waited for: sending each alone takes the processor
        from the calls that come meanwhile."""
        self._hurry.wait(LINGER_SECONDS)
        self._hurry.clear()

    def refused(self) -> list[Refused]:
        """What the receiver has refused for good since this was asked last."""
        return self._set_aside.to_tell()

    def hurry(self) -> None:
        """Try again now, whatever the backoff."""
        self._hurry.set()

    def await_delivery(self, number: int, seconds: float) -> str | None:
        """Wait until the receiver has all records below `number`; else say what keeps it from them.

        An attempt that fails meanwhile ends the wait: the next one comes too late for an agent.
        """
        deadline = time.monotonic() + seconds
        with self._news:
            failures = self._failures
            self.hurry()
            while self._spool.acknowledged < number:
                if self._failures > failures:
                    return self._trouble
                if not self._news.wait(deadline - time.monotonic()):
                    break
        if self._spool.acknowledged >= number:
            return None
        return f"{self._spool.pending} records wait for it."

    def stop(self) -> None:
        """Let `run` end; what is not delivered stays in the spool."""
        self._stopped.set()
        self._hurry.set()
        self._spool.grown.set()

    def _tell_waiting(self, trouble: Trouble | None) -> None:
        with self._news:
            if trouble is not None:
                self._failures += 1
                self._trouble = trouble.sentence
            self._news.notify_all()

    def _delivered(self, batch: Numbered) -> Trouble | None:
        try:
            return self._deliver(batch)
        except Exception as error:  # noqa: BLE001  a dead exporter would fill the disk in silence
            _log.exception("a batch could not be sent")
            kind = type(error).__name__
            return Trouble(sentence=f"A batch cannot be sent ({kind}); records are kept.")

    def _deliver(self, batch: Numbered) -> Trouble | None:
        """Send a batch and acknowledge what arrived; a batch that cannot be read is halved."""
        trouble = self._send(batch)
        if isinstance(trouble, Rejection):  # it must not be offered again, as a whole or in parts
            reason = trouble.sentence
            self._set_aside.keep(Refused(batch=batch, count=trouble.count, reason=reason))
            trouble = None
        if trouble is not None and not trouble.permanent:
            return trouble
        if trouble is not None and len(batch) > 1:
            half = len(batch) // 2
            return self._deliver(batch[:half]) or self._deliver(batch[half:])
        if trouble is not None:
            assert self._carrier is not None  # noqa: S101  set before the loop
            if self._carrier.probe() is not None:  # a log-in page, TLS without https:// …
                return Trouble(
                    sentence=f"{trouble.sentence} It takes no empty request either, so it is no "
                    "OTLP receiver: check AGENTAUDIT_BASE_URL. Records are kept."
                )
            self._keep(*batch[0], trouble)
        self._spool.acknowledge(batch[-1][0])
        return None

    def _send(self, batch: Numbered) -> Trouble | Rejection | None:
        from agentaudit_hook.span import is_span, to_log_record, to_span  # noqa: PLC0415  as above

        spans, records = [], []
        for number, packed in batch:
            activity = self._unpack(number, packed)
            if activity is None:
                continue
            try:
                if is_span(activity):
                    spans.append(to_span(activity))  # type: ignore[arg-type]
                else:
                    records.append(to_log_record(activity))
            except (ValueError, TypeError) as error:
                self._keep(number, packed, _unsendable(error))
        assert self._carrier is not None  # noqa: S101  set before the loop
        try:
            return self._carrier.carry(spans, records)
        except (ValueError, TypeError) as error:  # protobuf cannot write it
            return _unsendable(error)

    def _unpack(self, number: int, packed: bytes) -> Activity | None:
        try:
            activity, spooled_ns = unpack_record(packed)
        except Unreadable as error:
            self._keep(number, packed, Trouble(sentence=f"unreadable record: {error}"))
            return None
        late = time.time_ns() - spooled_ns > REPLAYED_AFTER_NS
        return replace(activity, replayed=True) if late else activity

    def _keep(self, number: int, packed: bytes, trouble: Trouble) -> None:
        batch = ((number, packed),)
        self._set_aside.keep(Refused(batch=batch, count=1, reason=trouble.sentence))


def _unsendable(error: Exception) -> Trouble:
    # the error's own text may quote the record
    return Trouble(
        sentence=f"a record cannot be written as OTLP: {type(error).__name__}", permanent=True
    )
