"""The server's own traces: a span for each OTLP request, with one for judging and one for storing.

Told to another place by OTLP, and never of themselves: a request that holds our own spans, come
round through a Collector, gets none. No span holds content, a key or an error's text.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as OverGrpc
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as OverHttp
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from agentaudit_backend.settings import Settings
from agentaudit_processor import __version__
from agentaudit_processor.model import AuditEvent
from agentaudit_processor.otlp import TRACES, Signal
from agentaudit_processor.ports import Caller, SentWith, Sink
from agentaudit_processor.receivers.decode import Media
from agentaudit_processor.receivers.ingest import Ingest, Taken
from agentaudit_processor.receivers.judging import Done, Elsewhere, Work

SCOPE = "agentaudit.self"
_SERVICE = "agentaudit-processor"


def tracer_of(settings: Settings, stack: ExitStack) -> Tracer:
    """A tracer that exports as the settings say, until `stack` is closed.

    Headers, certificates and the like are what the variables OTEL_EXPORTER_OTLP_* say.
    """
    endpoint = settings.trace_endpoint or ""
    exporter: SpanExporter = (
        OverGrpc(endpoint=endpoint)
        if settings.trace_protocol == "grpc"
        else OverHttp(endpoint=endpoint.rstrip("/") + TRACES.path)
    )
    provider = provider_of(exporter, settings.trace_ratio)
    stack.callback(provider.shutdown)
    return provider.get_tracer(SCOPE, __version__)


def provider_of(exporter: SpanExporter, ratio: float) -> TracerProvider:
    """A provider that exports by `exporter` the part `ratio`, from 0 to 1, of all traces."""
    provider = TracerProvider(
        resource=Resource({"service.name": _SERVICE, "service.version": __version__}),
        sampler=ParentBasedTraceIdRatio(ratio),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


class TracedIngest(Ingest):
    """An Ingest that tells what it takes."""

    def __init__(self, tracer: Tracer, *, store: Sink, elsewhere: Elsewhere | None, **parts: Any):
        super().__init__(
            store=_TracedSink(tracer, store),
            elsewhere=None if elsewhere is None else _TracedElsewhere(tracer, elsewhere),
            **parts,
        )
        self._tracer = tracer

    def take_body(
        self,
        signal: Signal,
        caller: Caller,
        media: Media,
        body: bytes,
        *,
        transport: str = "grpc",
        sent_with: SentWith = (),
    ) -> Taken:
        """As `Ingest.take_body`."""
        take = partial(super().take_body, transport=transport, sent_with=sent_with)
        if SCOPE.encode() in body:
            return take(signal, caller, media, body)
        told = {"otelcol.signal": signal.name, "network.protocol.name": transport}
        with _span(self._tracer, f"receive {signal.name}", SpanKind.SERVER, told) as span:
            taken = take(signal, caller, media, body)
            span.set_attribute("http.request.body.size", len(body))
            span.set_attribute("agentaudit.items.rejected", taken.rejected)
            return taken


class _TracedSink:
    def __init__(self, tracer: Tracer, store: Sink) -> None:
        self._tracer = tracer
        self._store = store

    def write(self, organization_id: int, events: Sequence[AuditEvent]) -> None:
        told = {"agentaudit.events": len(events)}
        with _span(self._tracer, "store", SpanKind.INTERNAL, told):
            self._store.write(organization_id, events)


class _TracedElsewhere:
    def __init__(self, tracer: Tracer, elsewhere: Elsewhere) -> None:
        self._tracer = tracer
        self._elsewhere = elsewhere

    @property
    def count(self) -> int:
        return self._elsewhere.count

    def judge(self, work: Work) -> Done | None:
        with _span(self._tracer, "judge", SpanKind.INTERNAL, {}):
            return self._elsewhere.judge(work)

    def store(self, organization_id: int, batch: Any) -> None:
        with _span(self._tracer, "store", SpanKind.INTERNAL, {}):
            self._elsewhere.store(organization_id, batch)


@contextmanager
def _span(
    tracer: Tracer, name: str, kind: SpanKind, told: Mapping[str, str | int]
) -> Iterator[Span]:
    """One span; of an error that passes through it has the type alone."""
    with tracer.start_as_current_span(
        name, kind=kind, attributes=told, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
