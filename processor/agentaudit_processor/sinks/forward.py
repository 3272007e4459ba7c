"""Whole requests onward to an OTLP endpoint: enriched, in the background, never delaying an ack.

What was stored is safe already; this is a copy for other backends. So the queue is bounded, and
what does not fit or is not taken is dropped and counted.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Protocol, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentaudit_processor.faults import log_fault
from agentaudit_processor.otlp import LOGS, Request, Signal
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.sinks.detections import detections_of
from agentaudit_processor.sinks.enrich import Enriched, enrich, is_marked
from agentaudit_processor.sinks.transport import NotTaken, transport_to
from agentaudit_processor.tally import Tally

_log = logging.getLogger(__name__)

MAX_QUEUED_BYTES = 64 * 1024 * 1024
FIRST_DELAY_S = 1.0  # delays as the Collector's retry_on_failure, but for a quicker start
MAX_DELAY_S = 30.0
MAX_ELAPSED_S = 300.0


class Transport(Protocol):
    """Sends one serialised request."""

    def send(self, signal: Signal, body: bytes) -> None:
        """Return once the destination has taken it.

        Raises:
            Unavailable: it may be taken later.
            NotTaken: it was refused for good.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    signal: Signal
    request: Request
    enriched: list[Enriched]
    size_bytes: int
    items: int


class OtlpForward:
    """One destination, with its own queue and its own thread."""

    def __init__(
        self,
        transport: Transport,
        *,
        max_queued_bytes: int = MAX_QUEUED_BYTES,
        first_delay_s: float = FIRST_DELAY_S,
        max_elapsed_s: float = MAX_ELAPSED_S,
        with_detections: bool = False,
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._transport = transport
        self._max_queued_bytes = max_queued_bytes
        self._first_delay_s = first_delay_s
        self._max_elapsed_s = max_elapsed_s
        self._with_detections = with_detections
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._queued_bytes = 0
        self._lock = Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="otlp-forward", daemon=True)

    @classmethod
    def start(
        cls,
        endpoint: str,
        *,
        protocol: str = "grpc",
        headers: Mapping[str, str] | None = None,
        with_detections: bool = False,
    ) -> Self:
        """Begin forwarding to `endpoint`: `http://host:port`, or https for TLS.

        Args:
            endpoint: without a path; `/v1/traces` and its like are added for HTTP.
            protocol: `grpc` or `http/protobuf`.
            headers: sent along with each request, e.g. `authorization`.
            with_detections: also send each finding as a log record of its own.

        Raises:
            ValueError: `endpoint` or `protocol` is of another form.
        """
        transport = transport_to(endpoint, protocol, headers or {})
        forward = cls(transport, with_detections=with_detections)
        forward.run()
        return forward

    @property
    def queued_bytes(self) -> int:
        """What waits, as it came."""
        return self._queued_bytes

    @property
    def queued_requests(self) -> int:
        """How many requests wait."""
        return self._queue.qsize()

    @property
    def max_queued_bytes(self) -> int:
        """What may wait."""
        return self._max_queued_bytes

    def run(self) -> None:
        """Start sending."""
        self._thread.start()

    def offer(self, signal: Signal, request: Request, enriched: list[Enriched]) -> None:
        """Queue a request, or drop and count it where the queue is full. Never waits."""
        size_bytes, items = request.ByteSize(), signal.count(request)
        with self._lock:
            fits = self._queued_bytes + size_bytes <= self._max_queued_bytes
            if fits and not self._stopping.is_set():
                self._queued_bytes += size_bytes
        if not fits or self._stopping.is_set():
            self.tally.add(f"exporter_enqueue_failed_{signal.items}", items)
            return
        self._queue.put(
            _Waiting(
                signal=signal,
                request=request,
                enriched=enriched,
                size_bytes=size_bytes,
                items=items,
            )
        )

    def stop(self, grace_s: float = 5.0) -> None:
        """Take no more, send what is queued for at most `grace_s` seconds, count the rest lost."""
        self._queue.put(None)
        self._thread.join(grace_s)
        self._stopping.set()
        self._thread.join(1.0)
        self._transport.close()

    def _run(self) -> None:
        while (waiting := self._queue.get()) is not None:
            try:
                self._send(waiting)
            except Exception as error:  # noqa: BLE001  one bad request must not end forwarding
                log_fault(_log, "forwarding a request", error)
                self.tally.add(f"exporter_send_failed_{waiting.signal.items}", waiting.items)
            with self._lock:
                self._queued_bytes -= waiting.size_bytes

    def _send(self, waiting: _Waiting) -> None:
        request, signal = waiting.request, waiting.signal
        if any(is_marked(enriched.item) for enriched in waiting.enriched):
            _drop_marked(request)
        for enriched in waiting.enriched:
            enrich(enriched)
        self._deliver(signal, request)
        found = detections_of(waiting.enriched) if self._with_detections else None
        if found is not None:
            self._deliver(LOGS, found)

    def _deliver(self, signal: Signal, request: Request) -> None:
        items = signal.count(request)
        if not items:
            return
        sent = self._sent(signal, request.SerializeToString())
        outcome = "sent" if sent else "send_failed"
        self.tally.add(f"exporter_{outcome}_{signal.items}", items)

    def _sent(self, signal: Signal, body: bytes) -> bool:
        """Try until it is taken, refused for good, given up, or forwarding stops."""
        delay_s, waited_s = self._first_delay_s, 0.0
        while True:
            try:
                self._transport.send(signal, body)
            except NotTaken as error:
                _log.warning("the forward endpoint refused %s: %s", signal.name, error)
                return False
            except Unavailable as error:
                if waited_s >= self._max_elapsed_s or self._stopping.wait(delay_s):
                    _log.warning("gave up forwarding %s: %s", signal.name, error)
                    return False
                waited_s += delay_s
                delay_s = min(delay_s * 2, MAX_DELAY_S)
            else:
                return True


def _drop_marked(request: Request) -> None:
    """Take out what some processor has enriched already: it came round in a loop."""
    lists: list[Any] = []
    if isinstance(request, ExportTraceServiceRequest):
        lists = [scope.spans for held in request.resource_spans for scope in held.scope_spans]
    elif isinstance(request, ExportLogsServiceRequest):
        lists = [scope.log_records for held in request.resource_logs for scope in held.scope_logs]
    for items in lists:
        for place in range(len(items) - 1, -1, -1):
            if is_marked(items[place]):
                del items[place]
