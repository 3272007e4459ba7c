"""What the ports of one server have in common, made from its settings."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qsl

from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.forwarding import forward_of
from agentaudit_backend.judging import load_judge
from agentaudit_backend.loss_record import LossRecord
from agentaudit_backend.outside import postman_of
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.settings import Settings
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_backend.workers.pool import Workers, workers_for
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.ingest import Ingest
from agentaudit_processor.sinks.forward import OtlpForward


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Of one server; `stack` of `parts_of` ends what runs beside them."""

    store: Store
    judge: Judge
    ingest: Ingest
    forward: OtlpForward | None
    exporter: Exporter
    postman: Postman


def parts_of(settings: Settings, store: Store, stack: ExitStack) -> Parts:
    """Make them, and start what forwards; `stack` ends it."""
    judge = load_judge(settings)
    judge.speed_up_soon()
    losses = LossRecord(store, judge)
    forward = forward_of(settings, losses.add)
    if forward is not None:
        losses.start()
        stack.callback(losses.stop)
        forward.start()
        stack.callback(forward.stop)
    ingest = _ingest(settings, store, judge, forward, stack)
    exporter = _exporter(store, judge, settings)
    return Parts(
        store=store,
        judge=judge,
        ingest=ingest,
        forward=forward,
        exporter=exporter,
        postman=postman_of(settings),
    )


def _ingest(
    settings: Settings, store: Store, judge: Judge, forward: OtlpForward | None, stack: ExitStack
) -> Ingest:
    """The way in, and its own traces where they are asked for."""
    make: Callable[..., Ingest] = Ingest
    if settings.trace_endpoint is not None:
        from agentaudit_backend.own_traces import TracedIngest, tracer_of  # noqa: PLC0415  slow

        make = partial(TracedIngest, tracer_of(settings, stack))
    return make(
        gate=store.access,
        policies=store.access,
        judge=judge,
        store=store,
        forward=forward,
        elsewhere=_workers(settings, store, forward, stack),
    )


def _workers(
    settings: Settings, store: Store, forward: OtlpForward | None, stack: ExitStack
) -> Workers | None:
    count = workers_for(settings.workers)
    if not count:
        return None
    forwarding = None if forward is None else forward.outgoing
    workers = Workers(count, settings, store.write_parts, forwarding=forwarding)
    stack.callback(workers.close)
    return workers


def _exporter(store: Store, judge: Judge, settings: Settings) -> Exporter:
    def filter_of(query: str) -> EventFilter:
        return parse(parse_qsl(query)).filter(datetime.now(UTC))

    return Exporter(store, judge, settings.data_dir / "exports", filter_of)
