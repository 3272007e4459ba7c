"""The tool calls and facts of one request, and which of its items cannot be read at all."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

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
from agentaudit_processor.model import Activity
from agentaudit_processor.otlp import Request

_log = logging.getLogger(__name__)
SHOWN_REASONS = 3
"""Of those why items were refused, in the answer to their sender."""


@dataclass(slots=True)
class Reading:
    """What was read out of one request."""

    places: range | None = None
    """Of the items that are to be read; None for all."""
    passed: int = 0
    """How many items there are before those that come next."""
    read: list[tuple[Any, Activity]] = field(default_factory=list)
    refused: list[tuple[Any, int]] = field(default_factory=list)
    """Where each refused item stands: its list and its place there."""
    reasons: list[str] = field(default_factory=list)

    def next_of(self, items: Sequence[Any]) -> Iterable[tuple[int, Any]]:
        """Those of `items`, which come next, that are to be read; each with its place in them."""
        before, self.passed = self.passed, self.passed + len(items)
        if self.places is None:
            return enumerate(items)
        first = max(self.places.start - before, 0)
        return enumerate(items[first : max(self.places.stop - before, 0)], first)

    def refuse(self, items: Any, place: int, reason: str) -> None:
        """Leave the item at `place` out of what is judged."""
        self.refused.append((items, place))
        if reason not in self.reasons:
            self.reasons.append(reason)

    def drop_refused(self) -> None:
        """Take the refused items out of the request."""
        for items, place in reversed(self.refused):
            del items[place]


def read(request: Request, places: range | None = None) -> Reading:
    """Read the items of `request`, all or those at `places`, counted through the request."""
    reading = Reading(places=places)
    if isinstance(request, ExportTraceServiceRequest):
        for resource_spans in request.resource_spans:
            source: Source | None = None
            for scope_spans in resource_spans.scope_spans:
                source = source_of_spans(resource_spans, scope_spans, source)
                _read_items(reading, scope_spans.spans, source, _activity_of_valid_span)
    elif isinstance(request, ExportLogsServiceRequest):
        for resource_logs in request.resource_logs:
            source = None
            for scope_logs in resource_logs.scope_logs:
                scope = scope_logs.scope
                source = (
                    source.beside(scope) if source else Source.of(resource_logs.resource, scope)
                )
                _read_items(reading, scope_logs.log_records, source, activity_of_log)
    return reading


def _read_items(
    reading: Reading,
    items: Sequence[Any],
    source: Source,
    activity_of: Callable[[Any, Source], Activity | None],
) -> None:
    for place, item in reading.next_of(items):
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
