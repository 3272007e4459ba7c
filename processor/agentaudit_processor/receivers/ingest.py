"""The one way from a decoded request to its ack: normalise → judge → store → (ack) → forward."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Lock
from time import perf_counter
from typing import Protocol

from agentaudit_processor.otlp import METRICS, SIGNAL_NAMED, Request, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import (
    Caller,
    Gate,
    PolicySource,
    SentWith,
    Sink,
    Unavailable,
)
from agentaudit_processor.receivers.decode import Media, decode
from agentaudit_processor.receivers.judging import (
    Done,
    Elsewhere,
    Figures,
    Work,
    judge_request,
)
from agentaudit_processor.sinks.enrich import Enriched
from agentaudit_processor.tally import Tally

THREADS = 4
"""Requests at a time; judging in this process is Python, and more threads only get in its way."""
WORTH_SENDING = 64 * 1024
"""Bytes of a request from which another process judges it, if there is one: some 50 spans. What a
laptop sends is done here before it would be there."""
_LOOK_S = 1.0


class Forward(Protocol):
    """Takes whole requests onward, in the background."""

    @property
    def headers_wanted(self) -> frozenset[str]:
        """Names of a request's headers that go along with it."""
        ...

    def offer(
        self,
        signal: Signal,
        request: Request,
        enriched: list[Enriched],
        sent_with: SentWith = (),
    ) -> None:
        """Queue a request and what was judged in it. Never waits, never raises."""
        ...

    def put(self, signal: Signal, items: int, body: bytes, sent_with: SentWith = ()) -> None:
        """Queue a request that is enriched and serialised already."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a request: how many of its items were refused for good, why, and warnings."""

    rejected: int = 0
    message: str = ""


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
        elsewhere: Elsewhere | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._gate = gate
        self._policies = policies
        self._judge = judge
        self._store = store
        self._forward = forward
        self._elsewhere = elsewhere
        self._large = Lock()
        """Held by the one request that is judged here though it is large: nobody else is ready yet,
        and the memory that several of them take would never be given back."""
        self.tally = tally or Tally()

    @property
    def headers_wanted(self) -> frozenset[str]:
        """Names of a request's headers to give to `take_body`; they are forwarded with it."""
        return self._forward.headers_wanted if self._forward else frozenset()

    @property
    def threads(self) -> int:
        """How many requests to take at a time: while some are judged elsewhere, others commit."""
        return THREADS + self._elsewhere.count if self._elsewhere is not None else THREADS

    def admit(self, authorization: str | None) -> Caller:
        """Tell who sends, before anything of the body is read.

        Raises:
            Refused: the key is missing, wrong, or may not write.
        """
        return self._gate.admit(authorization)

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
        """`take` for a request that is not decoded; a large one is judged in another process.

        Raises:
            Unavailable: nothing of it is stored; the sender must keep it.
            Failure: it cannot be decoded, or holds more than MAX_ITEMS.
        """

        def here() -> Taken:
            request = decode(signal, media, body)
            return self.take(signal, caller, request, transport=transport, sent_with=sent_with)

        if self._elsewhere is not None and len(body) >= WORTH_SENDING and signal is not METRICS:
            work = Work(
                signal=signal.name,
                media=media,
                body=body,
                organization_id=caller.organization_id,
                policy=self._policies.current(caller.organization_id),
            )
            while (done := self._elsewhere.judge(work)) is None:
                if self._large.acquire(timeout=_LOOK_S):
                    try:
                        return here()
                    finally:
                        self._large.release()
            return self._take_done(signal, caller, done, transport, sent_with)
        return here()

    def take(
        self,
        signal: Signal,
        caller: Caller,
        request: Request,
        *,
        transport: str = "grpc",
        sent_with: SentWith = (),
    ) -> Taken:
        """Return once every tool call and fact in `request` is stored.

        `request` is consumed: refused items are taken out of it, and it may be changed later.
        `transport` is `grpc` or `http`, for the counts alone.

        Raises:
            Unavailable: nothing of it is stored; the sender must keep it.
            Failure: it holds more than `judging.MAX_ITEMS` items.
        """
        policy_now = partial(self._policies.current, caller.organization_id)
        with self._counting_loss(signal, signal.count(request), transport):
            judged = judge_request(signal, request, self._judge, policy_now)
        if judged.events:
            with self._storing(signal, judged.figures, transport):
                self._store.write(caller.organization_id, judged.events)
        if self._forward:
            self._forward.offer(signal, judged.request, judged.enriched, sent_with)
        return self._counted(signal, judged.figures, transport)

    def _take_done(
        self, signal: Signal, caller: Caller, done: Done, transport: str, sent_with: SentWith
    ) -> Taken:
        assert self._elsewhere is not None  # noqa: S101  it was done there
        if done.batch:
            with self._storing(signal, done.figures, transport):
                self._elsewhere.store(caller.organization_id, done.batch)
        if self._forward:
            for name, items, body in done.onward:
                self._forward.put(SIGNAL_NAMED[name], items, body, sent_with)
        return self._counted(signal, done.figures, transport)

    @contextmanager
    def _storing(self, signal: Signal, figures: Figures, transport: str) -> Iterator[None]:
        """Time what is stored."""
        began = perf_counter()
        with self._counting_loss(signal, figures.accepted + figures.refused, transport):
            yield
        self.tally.add("storing_seconds", perf_counter() - began)

    @contextmanager
    def _counting_loss(self, signal: Signal, items: int, transport: str) -> Iterator[None]:
        """All of it counts as refused where the store is away, as failed where we are at fault."""
        try:
            yield
        except Exception as error:
            kind = "refused" if isinstance(error, Unavailable) else "failed"
            self.tally.add(f"receiver_{kind}_{signal.items}", items, transport=transport)
            raise

    def _counted(self, signal: Signal, figures: Figures, transport: str) -> Taken:
        refused, accepted = figures.refused, figures.accepted
        self.tally.add(f"receiver_refused_{signal.items}", refused, transport=transport)
        self.tally.add(f"receiver_accepted_{signal.items}", accepted, transport=transport)
        self.tally.add("processor_incoming_items", accepted, otel_signal=signal.name)
        self.tally.add("processor_internal_duration_sum", figures.judging_s)
        self.tally.add("processor_internal_duration_count", int(figures.judging_s > 0))
        self.tally.add("processor_judge_failures", figures.judge_failures)
        self.tally.add("judging_seconds", figures.judging_s)
        for (risk, decision), count in figures.sorts.items():
            self.tally.add("events", count, risk=risk.label, decision=decision.value)
        return Taken(rejected=refused, message=figures.message)
