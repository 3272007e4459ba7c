"""More than a server can take, for minutes: its memory, and what it stores meanwhile.

`python -m tests.bench.overload [minutes]`, and before it the acks at an ordinary pace. It takes a
minute unless told otherwise, so `python -m tests.bench` leaves it out.
"""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

import grpc

from tests.bench.ingest import (
    BATCH,
    ROWS,
    WARM_UP,
    Receiver,
    Watch,
    export_over,
    measured,
    paced,
    sent,
)
from tests.bench.ingest_bodies import bodies_of, endless

PACE = 2_000
PACED_S = 20
IN_FLIGHT = 32
_BODIES = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """What was seen of a server while it lasted."""

    spans_per_s: float
    longest_ack_s: float
    watch: Watch

    @property
    def memory(self) -> str:
        """The peak, whose it was, and whether it grew: its middle in each quarter."""
        seen_mb = self.watch.seen_mb
        quarter = max(len(seen_mb) // 4, 1)
        middles = [median(seen_mb[at : at + quarter]) for at in range(0, quarter * 4, quarter)]
        told = [" + ".join(f"{one:.0f}" for one in self.watch.at_peak_mb)]
        told += [", ".join(f"{one:.0f}" for one in middles)]
        return f"peak {self.watch.peak_mb:.0f} MB ({told[0]}), by quarters {told[1]}"


def run(minutes: float) -> None:
    """Print two lines a server."""
    bodies = list(bodies_of(_BODIES))
    for name, row in ROWS.items():
        if not name.startswith("agentaudit"):
            continue
        with row() as receiver:
            measured(receiver, bodies[: WARM_UP + 1])
            acks_s = _at_pace(receiver, endless(bodies))
            seen = _overloaded(receiver, bodies, minutes * 60)
        p50, p99 = (acks_s[int((len(acks_s) - 1) * share)] * 1000 for share in (0.5, 0.99))
        print(
            f"{name}: at {PACE:,} spans/s acks p50 {p50:.0f} ms, p99 {p99:.0f} ms; "
            f"{IN_FLIGHT} batches in flight for {minutes:g} min: {seen.spans_per_s:,.0f} spans/s, "
            f"longest ack {seen.longest_ack_s:.1f} s\n  {seen.memory}",
            flush=True,
        )


def _at_pace(receiver: Receiver, bodies: Iterator[bytes]) -> list[float]:
    batches = PACED_S * PACE // BATCH
    next_ones = [body.replace(b"toolu_0", b"toolu_1") for body in islice(bodies, batches)]
    with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
        return paced(export_over(channel, receiver.authorization), next_ones, PACE)


def _overloaded(receiver: Receiver, bodies: Sequence[bytes], seconds: float) -> Overload:
    over = threading.Event()
    threading.Timer(seconds, over.set).start()

    def until_over() -> Iterator[bytes]:
        for body in endless(bodies):
            if over.is_set():
                return
            yield body.replace(b"toolu_0", b"toolu_2")

    with (
        grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel,
        Watch(receiver.pid) as watch,
    ):
        started = time.perf_counter()
        acks_s = sent(export_over(channel, receiver.authorization), until_over(), IN_FLIGHT)
        elapsed = time.perf_counter() - started
    return Overload(
        spans_per_s=len(acks_s) * BATCH / elapsed, longest_ack_s=max(acks_s), watch=watch
    )


if __name__ == "__main__":
    run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
