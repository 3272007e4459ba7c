"""More than a server can take, for minutes: its memory, and what it stores meanwhile.

`python -m tests.bench.overload [minutes]`, and before it the acks at an ordinary pace. It takes a
minute unless told otherwise, so `python -m tests.bench` leaves it out.
"""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice

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


def run(minutes: float) -> None:
    """Print a line a server."""
    bodies = list(bodies_of(_BODIES))
    for name, row in ROWS.items():
        if not name.startswith("agentaudit"):
            continue
        with row() as receiver:
            measured(receiver, bodies[: WARM_UP + 1])
            acks_s = _at_pace(receiver, endless(bodies))
            rate, peak_mb, worst_s = _overloaded(receiver, bodies, minutes * 60)
        p50, p99 = (acks_s[int((len(acks_s) - 1) * share)] * 1000 for share in (0.5, 0.99))
        print(
            f"{name}: at {PACE:,} spans/s acks p50 {p50:.0f} ms, p99 {p99:.0f} ms; "
            f"{IN_FLIGHT} batches in flight for {minutes:g} min: {rate:,.0f} spans/s, "
            f"peak {peak_mb:.0f} MB, longest ack {worst_s:.1f} s",
            flush=True,
        )


def _at_pace(receiver: Receiver, bodies: Iterator[bytes]) -> list[float]:
    batches = PACED_S * PACE // BATCH
    next_ones = [body.replace(b"toolu_0", b"toolu_1") for body in islice(bodies, batches)]
    with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
        return paced(export_over(channel, receiver.authorization), next_ones, PACE)


def _overloaded(
    receiver: Receiver, bodies: Sequence[bytes], seconds: float
) -> tuple[float, float, float]:
    """Spans a second, the peak of memory in MB, the longest ack in seconds."""
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
    return len(acks_s) * BATCH / elapsed, watch.peak_mb, max(acks_s)


if __name__ == "__main__":
    run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
