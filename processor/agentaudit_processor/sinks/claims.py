"""What senders say under our own names is no word of ours: it is taken out before it goes onward.

`agentaudit.*` on spans, log records, data points, their events and links, resources and scopes; log
events that pass for ours. What the hook writes stays in the hook's scope. Nothing else is touched.
"""

from collections.abc import Callable, Iterator
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentaudit_processor import attributes as names
from agentaudit_processor.otlp import Request, data_points

_EVENT_NAME = "event.name"
"""How log events were named before OTLP had a field for it."""
_NONE: frozenset[str] = frozenset()


def drop_claims(request: Request) -> None:
    """Take out every claim in `request`; its enriched items get their attributes after this."""
    if isinstance(request, ExportTraceServiceRequest):
        for scope in _scopes(request.resource_spans, "scope_spans"):
            kept = _kept_in(scope)
            for span in scope.spans:
                _drop(span.attributes, kept)
                for part in (*span.events, *span.links):
                    _drop(part.attributes)
    elif isinstance(request, ExportLogsServiceRequest):
        for scope in _scopes(request.resource_logs, "scope_logs"):
            _drop_from_logs(scope.log_records, _kept_in(scope))
    else:
        for scope in _scopes(request.resource_metrics, "scope_metrics"):
            for point in data_points(scope.metrics):
                _drop(point.attributes)
                for exemplar in getattr(point, "exemplars", ()):
                    _drop(exemplar.filtered_attributes)


def _drop_from_logs(records: Any, kept: frozenset[str]) -> None:
    # A detection is the processor's whole: here it came round, or somebody made it up.
    delete_where(records, lambda record: record.event_name == names.EVENT_DETECTION)
    for record in records:
        _drop(record.attributes, kept)
        if not kept:
            if record.event_name.startswith(names.OURS):
                record.event_name = ""
            delete_where(record.attributes, _names_an_event_of_ours)


def _names_an_event_of_ours(pair: Any) -> bool:
    return bool(pair.key == _EVENT_NAME and pair.value.string_value.startswith(names.OURS))


def _kept_in(scope: Any) -> frozenset[str]:
    return names.WRITTEN_BY_HOOK if scope.scope.name == names.HOOK_SCOPE else _NONE


def _scopes(resources: Any, name: str) -> Iterator[Any]:
    """The scopes of a request, one after the other, without their and their resources' claims."""
    for held in resources:
        _drop(held.resource.attributes)
        for scope in getattr(held, name):
            _drop(scope.scope.attributes)
            yield scope


def _drop(attributes: Any, kept: frozenset[str] = _NONE) -> None:
    delete_where(attributes, lambda pair: pair.key.startswith(names.OURS) and pair.key not in kept)


def delete_where(items: Any, is_wrong: Callable[[Any], bool]) -> None:
    """Delete from a repeated field, in place; the others keep their order."""
    wrong = sum(map(is_wrong, items))
    if wrong:
        # One by one, each would move all that follow it: so they go to the end, and then at once.
        items.sort(key=is_wrong)
        del items[len(items) - wrong :]
