"""A large request shared out among several processes: each gets all of it, and judges a part.

All of it, since one item may have to be looked at beside another (`dialects.outer_calls`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentaudit_processor.otlp import Request


class Share(NamedTuple):
    """One of `of` equal shares of a request's items; `number` is from 0 on."""

    number: int = 0
    of: int = 1

    def places_in(self, count: int) -> range:
        """The places of its items among `count`."""
        return range(count * self.number // self.of, count * (self.number + 1) // self.of)


WHOLE = Share()


def keep_places(request: Request, places: range) -> None:
    """Leave in `request` the items at `places` alone, and what resources and scopes they have."""
    if isinstance(request, ExportTraceServiceRequest):
        _keep(request.resource_spans, ("scope_spans", "spans"), places, before=0)
    elif isinstance(request, ExportLogsServiceRequest):
        _keep(request.resource_logs, ("scope_logs", "log_records"), places, before=0)


def _keep(parts: Any, below: Sequence[str], places: range, *, before: int) -> None:
    """Leave of `parts` those with items at `places`.

    Args:
        parts: items; or what has items, or parts that do, under the names `below`.
        before: how many items there are before them.
    """
    ends = list(accumulate((_items_in(part, below) for part in parts), initial=before))
    starts = ends[:-1]
    first = max(bisect_right(ends, places.start) - 1, 0)
    last = bisect_left(starts, places.stop)
    del parts[last:]
    del parts[:first]
    if below:
        for part, start in zip(parts, starts[first:last], strict=True):
            _keep(getattr(part, below[0]), below[1:], places, before=start)


def _items_in(part: Any, below: Sequence[str]) -> int:
    if not below:
        return 1
    inner = getattr(part, below[0])
    return len(inner) if len(below) == 1 else sum(_items_in(one, below[1:]) for one in inner)
