"""Whole requests onward to OTLP endpoints: enriched, in the background, never delaying an ack.

What was stored is safe already; this is a copy for other backends. Each request is enriched and
serialised once, then put into the queue of every destination; what does not fit is dropped and
counted.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentaudit_processor import attributes as names
from agentaudit_processor.faults import log_fault
from agentaudit_processor.otlp import LOGS, TRACES, Request, Signal
from agentaudit_processor.ports import SentWith
from agentaudit_processor.sinks.claims import delete_where, drop_claims
from agentaudit_processor.sinks.destination import Destination
from agentaudit_processor.sinks.detections import detections_of
from agentaudit_processor.sinks.enrich import Enriched, enrich
from agentaudit_processor.sinks.log_spans import spans_of
from agentaudit_processor.sinks.redacting import redact
from agentaudit_processor.sinks.redaction import RedactionRules, redaction_by
from agentaudit_processor.sinks.seal import is_sealed, put_seals, seals_of
from agentaudit_processor.sinks.secrets import mask_secrets
from agentaudit_processor.tally import Tally

_log = logging.getLogger(__name__)

MAX_INTAKE_BYTES = 64 * 1024 * 1024
"""Of requests that are not enriched yet; no destination makes them wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What is made of a judged request before it leaves."""

    with_detections: bool = False
    """Each finding goes along as a log record of its own."""
    with_log_spans: bool = False
    """Each call that was told in a log record goes along as a span."""
    redaction: RedactionRules | None = None
    seal_key: bytes = field(default=b"", repr=False)
    """By which this installation knows again what it has enriched; none, and nothing is sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    signal: Signal
    request: Request
    enriched: list[Enriched]
    sent_with: SentWith
    size_bytes: int


class OtlpForward:
    """The forwarder; `Forward` of the receivers."""

    def __init__(
        self,
        destinations: Sequence[Destination],
        *,
        outgoing: Outgoing | None = None,
        max_intake_bytes: int = MAX_INTAKE_BYTES,
    ) -> None:
        self.destinations = tuple(destinations)
        self.outgoing = outgoing or Outgoing()
        self.tally = Tally()
        self._headers_wanted = frozenset(
            name for destination in self.destinations for name in destination.headers_from_sender
        )
        self._max_intake_bytes = max_intake_bytes
        self._intake: SimpleQueue[_Taken | None] = SimpleQueue()
        self._intake_bytes = 0
        self._lock = Lock()
        self._stopping = False
        self._thread = Thread(target=self._run, name="otlp-forward", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        for destination in self.destinations:
            destination.start()
        self._thread.start()

    @property
    def headers_wanted(self) -> frozenset[str]:
        """Names of a sender's headers that some destination is to get with what was sent."""
        return self._headers_wanted

    def offer(
        self,
        signal: Signal,
        request: Request,
        enriched: list[Enriched],
        sent_with: SentWith = (),
    ) -> None:
        """Take a request, or drop and count it where too many wait. Never waits."""
        size_bytes = request.ByteSize()
        with self._lock:
            fits = self._intake_bytes + size_bytes <= self._max_intake_bytes and not self._stopping
            if fits:
                self._intake_bytes += size_bytes
        if fits:
            self._intake.put(
                _Taken(
                    signal=signal,
                    request=request,
                    enriched=enriched,
                    sent_with=sent_with,
                    size_bytes=size_bytes,
                )
            )
            return
        self._count_lost(signal, request)

    def stop(self, grace_s: float = 5.0) -> None:
        """Take no more; send what waits for at most `grace_s` seconds."""
        with self._lock:
            self._stopping = True
        self._intake.put(None)
        self._thread.join(grace_s)
        self._count_left()
        stopping = [
            Thread(target=destination.stop, args=(grace_s,)) for destination in self.destinations
        ]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()

    def _run(self) -> None:
        while (taken := self._intake.get()) is not None:
            try:
                self._pass_on(taken)
            except Exception as error:  # noqa: BLE001  one bad request must not end forwarding
                log_fault(_log, "forwarding a request", error)
                self._count_lost(taken.signal, taken.request)
            with self._lock:
                self._intake_bytes -= taken.size_bytes

    def _count_left(self) -> None:
        """Count what nobody came to enrich before the grace was over."""
        with suppress(Empty):
            while True:
                left = self._intake.get_nowait()
                if left is not None:
                    self._count_lost(left.signal, left.request)

    def _count_lost(self, signal: Signal, request: Request) -> None:
        for destination in self.destinations:
            name = f"exporter_enqueue_failed_{signal.items}"
            destination.tally.add(name, signal.count(request), exporter=destination.name)

    def _pass_on(self, taken: _Taken) -> None:
        for signal, items, body in onward(
            taken.signal, taken.request, taken.enriched, self.outgoing
        ):
            self.put(signal, items, body, taken.sent_with)

    def put(self, signal: Signal, items: int, body: bytes, sent_with: SentWith = ()) -> None:
        """Queue an enriched request of `items` items with every destination. Never waits."""
        self.tally.add("processor_outgoing_items", items, otel_signal=signal.name)
        for destination in self.destinations:
            destination.put(signal, items, body, sent_with)


def onward(
    signal: Signal, request: Request, enriched: Sequence[Enriched], outgoing: Outgoing
) -> Iterator[tuple[Signal, int, bytes]]:
    """What is forwarded of a judged request: signal, number of items, bytes. It is changed."""
    key = outgoing.seal_key
    fresh = [one for one in enriched if not is_sealed(one.item, key)]
    if len(fresh) < len(enriched):
        _drop_sealed(request, key)
    seals = [seals_of(one.item) for one in fresh]
    if names.OURS.encode() in request.SerializeToString():  # quicker than to look at every key
        drop_claims(request)
    for one in fresh:
        enrich(one)
    mask_secrets(request, enriched[0].key if enriched else b"")
    for one, others in zip(fresh, seals, strict=True):
        put_seals(one.item, key, others)
    redaction = None if outgoing.redaction is None else redaction_by(outgoing.redaction)
    derived: list[tuple[Signal, Request | None]] = [
        (TRACES, spans_of(fresh, key) if outgoing.with_log_spans else None),
        (LOGS, detections_of(fresh) if outgoing.with_detections else None),
    ]
    for one_signal, told in [(signal, request), *derived]:
        if told is None:
            continue
        if redaction is not None:
            redact(redaction, told)
        if items := one_signal.count(told):
            yield one_signal, items, told.SerializeToString()


def _drop_sealed(request: Request, key: bytes) -> None:
    """Take out what this installation has enriched already: it came round in a loop."""
    lists: list[Any] = []
    if isinstance(request, ExportTraceServiceRequest):
        lists = [scope.spans for held in request.resource_spans for scope in held.scope_spans]
    elif isinstance(request, ExportLogsServiceRequest):
        lists = [scope.log_records for held in request.resource_logs for scope in held.scope_logs]
    for items in lists:
        delete_where(items, lambda item: is_sealed(item, key))
