"""Spans a second through the real programs, batches of 512, acknowledged when they are safe.

`python -m tests.bench ingest`. Each row is a server of its own, with the client beside it on the
same machine: the ratio to the first row says more than the figure. The requests are made before.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from agentaudit_processor.otlp import TRACES
from tests.bench.ingest_bodies import BATCH, bodies_of
from tests.support.postgres import postgres_server
from tests.support.processes import cpu_s, memory_by_process_mb
from tests.support.server import a_server

WARM_UP = 12
BATCHES = 60
IN_FLIGHT = 8
_TIMEOUT_S = 120
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Something that takes OTLP over gRPC."""

    port: int
    authorization: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was measured of one."""

    spans_per_s: float
    acks_s: Sequence[float]
    cpu_us_per_span: float
    """Of all its processes, and of its children."""
    peak_mb: float

    def ack_ms(self, share: float) -> float:
        """The time within which this share of the batches was acknowledged."""
        return self.acks_s[int((len(self.acks_s) - 1) * share)] * 1000


def main() -> None:
    """Print the table."""
    bodies = list(bodies_of(WARM_UP + BATCHES))
    print(f"{BATCH} spans of {len(bodies[0]) // BATCH} bytes a batch, {IN_FLIGHT} in flight")
    print(f"{'':34}{'spans/s':>9}{'ratio':>8}{'ack p50 ms':>12}{'p99':>8}{'µs/span':>9}{'MB':>6}")
    first = 0.0
    for name, receiver in ROWS.items():
        with receiver() as running:
            run = measured(running, bodies)
        rate = run.spans_per_s
        first = first or rate
        print(
            f"{name:34}{rate:9,.0f}{rate / first:8.3f}{run.ack_ms(0.5):12.0f}"
            f"{run.ack_ms(0.99):8.0f}{run.cpu_us_per_span:9.0f}{run.peak_mb:6.0f}",
            flush=True,
        )


def measured(receiver: Receiver, bodies: Sequence[bytes], in_flight: int = IN_FLIGHT) -> Run:
    """Send the first of `bodies` to warm up, then the others against the clock."""
    with (
        grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel,
        Watch(receiver.pid) as watch,
    ):
        export = export_over(channel, receiver.authorization)
        sent(export, bodies[:WARM_UP], in_flight)
        time.sleep(8)  # workers that the first of them has started get ready, patterns compiled
        sent(export, bodies[:WARM_UP], in_flight)
        cpu_before_s = cpu_s(receiver.pid)
        started = time.perf_counter()
        acks_s = sent(export, bodies[WARM_UP:], in_flight)
        elapsed = time.perf_counter() - started
        used_s = cpu_s(receiver.pid) - cpu_before_s
    spans = BATCH * (len(bodies) - WARM_UP)
    return Run(
        spans_per_s=spans / elapsed,
        acks_s=sorted(acks_s),
        cpu_us_per_span=used_s / spans * 1e6,
        peak_mb=watch.peak_mb,
    )


def sent(
    export: Callable[[bytes], "grpc.Future"], bodies: Iterable[bytes], in_flight: int
) -> list[float]:
    """Send each of `bodies` once, so many at a time; gives the seconds to each ack."""
    places, times = threading.Semaphore(in_flight), []

    def begin(body: bytes) -> "grpc.Future":
        places.acquire()
        begun = time.perf_counter()
        call = export(body)

        def done(_call: object) -> None:
            times.append(time.perf_counter() - begun)
            places.release()

        call.add_done_callback(done)
        return call

    waiting: deque[grpc.Future] = deque()
    for body in bodies:
        waiting.append(begin(body))
        while waiting[0].done() or len(waiting) > 2 * in_flight:
            assert waiting.popleft().result() == b"", "a part of it was refused"
            if not waiting:
                break
    for call in waiting:
        assert call.result() == b"", "a part of it was refused"
    return times


def paced(
    export: Callable[[bytes], "grpc.Future"], bodies: Iterable[bytes], spans_per_s: float
) -> list[float]:
    """Send `bodies` at that pace, however long the acks take; gives the seconds to each ack."""
    times: list[float] = []
    calls = []
    started = time.perf_counter()
    for number, body in enumerate(bodies):
        due = started + number * BATCH / spans_per_s
        time.sleep(max(0.0, due - time.perf_counter()))
        call = export(body)
        # from when it was due: a sender that comes late would hide what it waited for
        call.add_done_callback(lambda _call, due=due: times.append(time.perf_counter() - due))
        calls.append(call)
    for call in calls:
        assert call.result() == b"", "a part of it was refused"
    return sorted(times)


def export_over(channel: grpc.Channel, authorization: str) -> Callable[[bytes], "grpc.Future"]:
    send = channel.unary_unary(TRACES.method, None, None)
    metadata = (("authorization", authorization),)
    return lambda body: send.future(body, metadata=metadata, timeout=_TIMEOUT_S)


@dataclass
class Watch:
    """Looks at the memory of a process and its children, shared pages once."""

    pid: int
    at_peak_mb: Sequence[float] = ()
    """Of each process, the server's first."""
    seen_mb: list[float] = field(default_factory=list)
    """Of all together, at each look."""
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def peak_mb(self) -> float:
        """The most that all had together."""
        return sum(self.at_peak_mb)

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_LOOK_S):
            each_mb = memory_by_process_mb(self.pid)
            self.seen_mb.append(sum(each_mb))
            self.at_peak_mb = max(self.at_peak_mb, each_mb, key=sum)


# --- the rows -------------------------------------------------------------------------------------


@contextmanager
def dropping() -> Iterator[Receiver]:
    """A grpcio server that parses a request and answers."""
    command = [sys.executable, "-m", "tests.bench.ingest"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield Receiver(port=int(process.stdout.readline()), authorization="", pid=process.pid)
        process.communicate(input="\n", timeout=60)


@contextmanager
def on_sqlite(**env: str) -> Iterator[Receiver]:
    """`agentaudit serve`, as it is started without a setting."""
    with tempfile.TemporaryDirectory() as folder, a_server(Path(folder), **env) as server:
        yield Receiver(
            port=server.otlp_grpc_port, authorization=f"Bearer {server.key}", pid=server.pid
        )


@contextmanager
def on_postgres(**env: str) -> Iterator[Receiver]:
    """`agentaudit api` beside `agentaudit processor`, which is measured; fsync is on."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(postgres_server(durable=True))
        env = env | {"AGENTAUDIT_DATABASE_URL": postgres.new_database()}
        api = stack.enter_context(a_server(folder / "api", verb="api", **env))
        processor = stack.enter_context(a_server(folder / "processor", verb="processor", **env))
        yield Receiver(
            port=processor.otlp_grpc_port, authorization=f"Bearer {api.key}", pid=processor.pid
        )


ROWS: dict[str, Callable[[], AbstractContextManager[Receiver]]] = {
    "parse and drop (grpcio)": dropping,
    "agentaudit serve, SQLite": on_sqlite,
    "the same, one process": lambda: on_sqlite(AGENTAUDIT_WORKERS="0"),
    "agentaudit processor, PostgreSQL": on_postgres,
}
"""More rows are more entries."""


def drop() -> None:
    """Print the port, serve until a line comes in."""
    from concurrent.futures import ThreadPoolExecutor

    def answer(request: bytes, _context: object) -> bytes:
        TRACES.request.FromString(request)
        return b""

    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    service, _, method = TRACES.method.removeprefix("/").rpartition("/")
    handler = grpc.unary_unary_rpc_method_handler(answer)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.readline()
    server.stop(1).wait()


if __name__ == "__main__":
    drop()
