"""The one way from a decoded request to its ack: normalise → judge → store → (ack) → forward."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor.dialects.normalise import (
    activity_of_log,
    activity_of_span,
    source_of_spans,
)
from agentaudit_processor.dialects.record import Source, Unreadable
from agentaudit_processor.faults import log_fault
from agentaudit_processor.model import Activity, AuditEvent
from agentaudit_processor.otlp import METRICS, Request, Signal
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.ports import Caller, Gate, PolicySource, Sink
from agentaudit_processor.receivers.failures import too_many
from agentaudit_processor.receivers.unjudged import unjudged
from agentaudit_processor.sinks.enrich import Enriched
from agentaudit_processor.tally import Tally

_log = logging.getLogger(__name__)
_SHOWN_REASONS = 3
MAX_ITEMS = 50_000
"""Spans or log records of one request. A span of 50 bytes becomes an Event of kilobytes."""


class Forward(Protocol):
    """Takes whole requests onward, in the background."""

    def offer(self, signal: Signal, request: Request, enriched: list[Enriched]) -> None:
        """Queue a request and what was judged in it. Never waits, never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a request: how many of its items were refused for good, and why."""

    rejected: int = 0
    message: str = ""


@dataclass(slots=True)
class _Reading:
    """What was read out of one request."""

    read: list[tuple[Any, Activity]] = field(default_factory=list)
    refused: list[tuple[Any, int]] = field(default_factory=list)
    """Where each refused item stands: its list and its place there."""
    reasons: list[str] = field(default_factory=list)

    def refuse(self, items: Any, place: int, reason: str) -> None:
        self.refused.append((items, place))
        if reason not in self.reasons:
            self.reasons.append(reason)

    def drop_refused(self) -> None:
        for items, place in reversed(self.refused):
            del items[place]


class Ingest:
    """Takes decoded requests of admitted callers. One object serves all transports and threads."""

    def __init__(
        self,
        *,
        gate: Gate,
        policies: PolicySource,
        judge: Judge,
        store: Sink,
        forward: Forward | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._gate = gate
        self._policies = policies
        self._judge = judge
        self._store = store
        self._forward = forward
        self.tally = tally or Tally()

    def admit(self, authorization: str | None) -> Caller:
        """Tell who sends, before anything of the body is read.

        Raises:
            Refused: the key is missing, wrong, or may not write.
        """
        return self._gate.admit(authorization)

    def take(
        self, signal: Signal, caller: Caller, request: Request, *, transport: str = "grpc"
    ) -> Taken:
        """Return once every tool call and fact in `request` is stored.

        `request` is consumed: refused items are taken out of it, and it may be changed later.
        `transport` is `grpc` or `http`, for the counts alone.

        Raises:
            Unavailable: nothing of it is stored; the sender must keep it.
            Failure: it holds more than MAX_ITEMS.
        """
        if signal is not METRICS and signal.count(request) > MAX_ITEMS:
            raise too_many(MAX_ITEMS)
        reading = _read(request)
        events: list[AuditEvent] = []
        if reading.read:
            policy = self._policies.current(caller.organization_id)
            began = perf_counter()
            events = [self._judged(activity, policy) for _, activity in reading.read]
            all_judged = perf_counter()
            self._store.write(caller.organization_id, events)
            self._count_events(
                events, judging_s=all_judged - began, storing_s=perf_counter() - all_judged
            )
        self._count(signal, request, len(reading.refused), transport)
        if self._forward:
            reading.drop_refused()
            judged = zip(reading.read, events, strict=True)
            self._forward.offer(
                signal, request, [Enriched(item, raw, event) for (item, raw), event in judged]
            )
        return Taken(
            rejected=len(reading.refused), message="; ".join(reading.reasons[:_SHOWN_REASONS])
        )

    def _judged(self, activity: Activity, policy: Policy) -> AuditEvent:
        try:
            judge = judge_under(self._judge, policy)
            return judge.examine(activity, digest_key=policy.digest_key).event(policy)
        except Exception as error:  # noqa: BLE001  one call that breaks the judge must not cost the batch
            log_fault(_log, "judging a call", error)
            self.tally.add("processor_judge_failures")
            return unjudged(activity, policy, error)

    def _count(self, signal: Signal, request: Request, refused: int, transport: str) -> None:
        accepted = signal.count(request) - refused
        self.tally.add(f"receiver_refused_{signal.items}", refused, transport=transport)
        self.tally.add(f"receiver_accepted_{signal.items}", accepted, transport=transport)

    def _count_events(
        self, events: list[AuditEvent], *, judging_s: float, storing_s: float
    ) -> None:
        self.tally.add("judging_seconds", judging_s)
        self.tally.add("storing_seconds", storing_s)
        sorts = Counter((event.verdict.risk_level, event.verdict.decision) for event in events)
        for (risk, decision), count in sorts.items():
            self.tally.add("events", count, risk=risk.label, decision=decision.value)


def _read(request: Request) -> _Reading:
    reading = _Reading()
    if isinstance(request, ExportTraceServiceRequest):
        for resource_spans in request.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                source = source_of_spans(resource_spans, scope_spans)
                _read_items(reading, scope_spans.spans, source, _activity_of_valid_span)
    elif isinstance(request, ExportLogsServiceRequest):
        for resource_logs in request.resource_logs:
            for scope_logs in resource_logs.scope_logs:
                source = Source.of(resource_logs.resource, scope_logs.scope)
                _read_items(reading, scope_logs.log_records, source, activity_of_log)
    return reading


def _read_items(
    reading: _Reading,
    items: Iterable[Any],
    source: Source,
    activity_of: Callable[[Any, Source], Activity | None],
) -> None:
    for place, item in enumerate(items):
        try:
            activity = activity_of(item, source)
        except Unreadable as error:
            reading.refuse(items, place, str(error))
            continue
        except Exception as error:  # noqa: BLE001  or its sender would send the whole batch for ever
            log_fault(_log, "reading a record", error)
            reading.refuse(items, place, f"could not be read: {type(error).__name__}")
            continue
        if activity is not None:
            reading.read.append((item, activity))


def _activity_of_valid_span(span: Span, source: Source) -> Activity | None:
    if len(span.trace_id) != 16 or not any(span.trace_id):
        raise Unreadable("trace_id is not 16 bytes, or all zero")
    if len(span.span_id) != 8 or not any(span.span_id):
        raise Unreadable("span_id is not 8 bytes, or all zero")
    return activity_of_span(span, source)
