"""The server's own figures and health, as those who run Collectors expect them.

`/metrics` in the Prometheus text format, the classic `otelcol_*` names so that stock dashboards and
alerts work, ours as `agentaudit_*`; health as the Collector's `health_check` extension answers it.
No content of any Event is in either.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agentaudit_processor import __version__
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.sinks.destination import Destination
from agentaudit_processor.sinks.forward import OtlpForward
from agentaudit_processor.tally import Count, Tally

_SERVICE = (("service_name", "agentaudit-processor"), ("service_version", __version__))
_OWN_NAMES = {
    "events": ("agentaudit_events_total", "Events judged and stored, by risk and decision."),
    "judging_seconds": ("agentaudit_judging_seconds_total", "Time spent judging."),
    "storing_seconds": ("agentaudit_storing_seconds_total", "Time spent storing."),
    "processor_judge_failures": (
        "agentaudit_judge_failures_total",
        "Calls whose judging failed; they are stored as high risk.",
    ),
}
_COMPONENTS = {
    "receiver": (("receiver", "otlp"),),
    "processor": (("processor", "agentaudit"),),
}


class Figures(Collector):
    """Reads the tallies when it is asked, so that counting costs the hot path next to nothing."""

    def __init__(self, tally: Tally, forward: OtlpForward | None) -> None:
        self._tally = tally
        self._forward = forward
        self._started = time.monotonic()

    def collect(self) -> Iterator[Metric]:
        """Every figure, by name."""
        destinations = self._forward.destinations if self._forward else ()
        tallies = [self._tally, *(destination.tally for destination in destinations)]
        if self._forward:
            tallies.append(self._forward.tally)
        counts = [count for tally in tallies for count in tally.counts()]
        by_name: dict[str, list[Count]] = {}
        for count in counts:
            by_name.setdefault(count.name, []).append(count)
        for name, found in by_name.items():
            yield _counted(name, found)
        yield from _queues(destinations)
        yield from self._process()

    def _process(self) -> Iterator[Metric]:
        uptime_s = time.monotonic() - self._started
        yield _gauge("otelcol_process_uptime", "Seconds since the start.", uptime_s)
        yield _gauge("otelcol_process_cpu_seconds", "CPU time.", time.process_time())
        yield _gauge("otelcol_process_memory_rss", "Resident memory in bytes.", _rss_bytes())


def metrics_app(tally: Tally, forward: OtlpForward | None) -> ASGIApp:
    """`/metrics`."""
    registry = CollectorRegistry()
    registry.register(Figures(tally, forward))

    async def metrics(_request: Request) -> Response:
        text = await run_in_threadpool(generate_latest, registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/metrics", metrics)])


def health_app(check: Callable[[], None]) -> ASGIApp:
    """`/` answers 200 while `check` passes, 503 while it raises Unavailable."""
    started = datetime.now(UTC)

    async def health(_request: Request) -> Response:
        try:
            await run_in_threadpool(check)
        except Unavailable as error:
            return JSONResponse({"status": "Server not available", "error": str(error)}, 503)
        up_s = (datetime.now(UTC) - started).total_seconds()
        return JSONResponse(
            {
                "status": "Server available",
                "upSince": started.isoformat().replace("+00:00", "Z"),
                "uptime": f"{up_s:.0f}s",
            }
        )

    return Starlette(routes=[Route("/", health)])


def _queues(destinations: Sequence[Destination]) -> Iterator[Metric]:
    # As a Collector's queue whose `sizer` is bytes: size and capacity are of one unit.
    told: dict[str, tuple[str, Callable[[Destination], int]]] = {
        "otelcol_exporter_queue_size": ("Bytes waiting.", lambda one: one.queue.queued_bytes),
        "otelcol_exporter_queue_capacity": (
            "Bytes that may wait.",
            lambda one: one.queue.max_bytes,
        ),
        "otelcol_exporter_in_flight_requests": (
            "Requests on their way, or tried again.",
            lambda one: one.in_flight,
        ),
        "agentaudit_exporter_queue_requests": (
            "Requests waiting.",
            lambda one: one.queue.queued_requests,
        ),
    }
    for name, (words, value_of) in told.items():
        metric = Metric(name, words, "gauge")
        for destination in destinations:
            labels = dict((*_SERVICE, ("exporter", destination.name)))
            metric.add_sample(name, labels, value_of(destination))
        yield metric


def _counted(name: str, counts: Iterable[Count]) -> Metric:
    """One counter. Its type is said to be unknown: as a counter it would have to be `…_total`."""
    full, told = _OWN_NAMES.get(name, (f"otelcol_{name}", f"{name.replace('_', ' ')}."))
    metric = Metric(full, told.capitalize(), "unknown")
    component = _COMPONENTS.get(name.partition("_")[0], ())
    for count in counts:
        labels = dict((*_SERVICE, *component, *count.labels))
        metric.add_sample(full, labels, count.value)
    return metric


def _gauge(name: str, told: str, value: float) -> Metric:
    metric = Metric(name, told, "gauge")
    metric.add_sample(name, dict(_SERVICE), value)
    return metric


def _rss_bytes() -> int:
    """Of now where the system tells it (Linux), else the most that it ever was."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
