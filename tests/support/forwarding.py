"""Forwarders for tests: to a transport in memory, or to an endpoint."""

import threading
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentaudit_processor.otlp import TRACES, Request, Signal
from agentaudit_processor.ports import SentWith
from agentaudit_processor.sinks.destination import Destination, Retry, Transport
from agentaudit_processor.sinks.enrich import Enriched
from agentaudit_processor.sinks.forward import OtlpForward
from agentaudit_processor.sinks.queue import SendingQueue
from agentaudit_processor.sinks.transport import Sending, transport_to


class MemoryTransport:
    """A transport that keeps what it takes, and fails as it is told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.refuses = 0
        self.taken: list[tuple[Signal, bytes]] = []
        self.sent_with: list[SentWith] = []
        self.arrived = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def send(self, signal: Signal, body: bytes, sent_with: SentWith = ()) -> int:
        self.open.wait(10)
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append((signal, body))
        self.sent_with.append(sent_with)
        self.arrived.set()
        return self.refuses

    def close(self) -> None:
        """Nothing to let go of."""

    def traces(self) -> list[ExportTraceServiceRequest]:
        return [
            ExportTraceServiceRequest.FromString(body)
            for signal, body in self.taken
            if signal is TRACES
        ]

    def spans(self) -> int:
        return sum(TRACES.count(request) for request in self.traces())


def a_destination(
    transport: Transport,
    *,
    name: str = "otlp_grpc",
    max_bytes: int = 1_000_000,
    path: Path | None = None,
    first_delay_s: float = 0.01,
    max_elapsed_s: float = 0.0,
    **options: Any,
) -> Destination:
    retry = Retry(initial_interval_s=first_delay_s, max_elapsed_s=max_elapsed_s)
    queue = SendingQueue(path, max_bytes=max_bytes)
    return Destination(name, transport, queue, retry=retry, **options)


def a_forward(*destinations: Destination, **options: Any) -> OtlpForward:
    """A forwarder that has started."""
    forward = OtlpForward(destinations, **options)
    forward.start()
    return forward


def forward_to(
    endpoint: str, *, protocol: str = "grpc", headers: dict[str, str] | None = None
) -> OtlpForward:
    """A forwarder to one real endpoint, started."""
    transport = transport_to(endpoint, protocol, Sending(headers=headers or {}))
    return a_forward(a_destination(transport, first_delay_s=1.0))


def counted(forward: OtlpForward) -> dict[str, float]:
    """What all destinations have counted together."""
    found: dict[str, float] = {}
    for destination in forward.destinations:
        for name, value in destination.tally.snapshot().items():
            found[name] = found.get(name, 0) + value
    return found


class KeptRequests:
    """A `Forward` that keeps whole requests as they came."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.headers_wanted: frozenset[str] = frozenset()
        self.arrived = threading.Event()

    def offer(
        self,
        signal: Signal,
        request: Request,
        enriched: list[Enriched],
        sent_with: SentWith = (),
    ) -> None:
        self.requests.append(request)
        self.arrived.set()

    def put(self, signal: Signal, items: int, body: bytes, sent_with: SentWith = ()) -> None:
        self.offer(signal, signal.request.FromString(body), [])
