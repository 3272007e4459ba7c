"""Spans a second through the real gRPC server, batches of 512, acknowledged when they are safe.

`python -m tests.bench.ingest`. Each row is a server process of its own, with the client beside it
on the same machine; the ratio to the first row says more than the figure. A few seconds in all.
"""

import gc
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import grpc

from agentaudit_backend.store.store import Store
from agentaudit_processor.otlp import TRACES, Request, Signal
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Caller
from agentaudit_processor.receivers.grpc import GrpcReceiver
from agentaudit_processor.receivers.ingest import Ingest, Taken
from tests.support.builders import NOON_NS, a_tool_call
from tests.support.otlp import AUTHORIZATION, DefaultPolicy, MemoryGate, a_rig, hook_traces

BATCH = 512
BATCHES = 12
IN_FLIGHT = 4
_COMMANDS = (
    "pytest tests/unit -q",
    "git status --short && git diff --stat",
    "psql -h prod-db -c 'DELETE FROM users WHERE id = 7'",
    "curl -s https://api.example.com/v1/items | jq .",
    "cat .env",
)
_DROP, _MEMORY, _SQLITE = "parse and drop", "judge, keep in memory", "judge, commit to SQLite"


def main() -> None:
    """Print the table."""
    bodies = [body_of(number) for number in range(BATCHES)]
    print(f"{BATCH} spans of {len(bodies[0]) // BATCH} bytes a batch, {IN_FLIGHT} in flight")
    print(f"{'':26}{'spans/s':>9}{'ratio':>8}{'ack p50 ms':>12}{'p99':>8}{'server MB':>11}")
    first = 0.0
    for row in (_DROP, _MEMORY, _SQLITE):
        rate, times, peak_mb = measured(row, bodies)
        first = first or rate
        p50, p99 = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
        print(f"{row:26}{rate:9,.0f}{rate / first:8.3f}{p50:12.0f}{p99:8.0f}{peak_mb:11.0f}")


def body_of(number: int) -> bytes:
    """A request of calls that no other request holds."""
    calls = []
    for place in range(BATCH):
        call_number = number * BATCH + place
        started_ns = NOON_NS + call_number * 1_000_000_000
        calls.append(
            a_tool_call(
                session_id=f"session-{call_number % 8}",
                call_id=f"toolu_{call_number}",
                arguments={"command": _COMMANDS[call_number % len(_COMMANDS)]},
                result={"stdout": "line of output\n" * 20, "stderr": "", "interrupted": False},
                started_ns=started_ns,
                ended_ns=started_ns + 60_000_000,
            )
        )
    return hook_traces(*calls).SerializeToString()


def measured(row: str, bodies: list[bytes]) -> tuple[float, list[float], float]:
    """Spans a second, sorted seconds to each ack, and the server's peak memory in MB."""
    command = [sys.executable, "-m", "tests.bench.ingest", row]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            rate, times = sent(channel, bodies * (8 if row == _DROP else 1))
        told, _ = server.communicate(input="\n", timeout=60)
    return rate, times, float(told) / 1024


def sent(channel: grpc.Channel, bodies: list[bytes]) -> tuple[float, list[float]]:
    """Send each of `bodies` once, `IN_FLIGHT` at a time; the first one only warms up."""
    export = channel.unary_unary(TRACES.method, None, None)
    metadata = (("authorization", AUTHORIZATION),)
    export(bodies[0], metadata=metadata, timeout=60)
    places, times = threading.Semaphore(IN_FLIGHT), []

    def begin(body: bytes) -> Future[bytes]:
        places.acquire()
        begun = time.perf_counter()
        call = export.future(body, metadata=metadata, timeout=60)

        def done(_call: object) -> None:
            times.append(time.perf_counter() - begun)
            places.release()

        call.add_done_callback(done)
        return call

    started = time.perf_counter()
    calls = [begin(body) for body in bodies[1:]]
    for call in calls:
        call.result()
    elapsed = time.perf_counter() - started
    return BATCH * len(calls) / elapsed, sorted(times)


# --- the server process ---------------------------------------------------------------------------


class _Dropping(Ingest):
    """Takes what was parsed and keeps nothing."""

    def take(self, signal: Signal, caller: Caller, request: Request) -> Taken:
        return Taken()


def ingest_of(row: str, folder: Path) -> Iterator[Ingest]:
    """The Ingest of a row, for as long as it is needed."""
    judge = Judge.load()
    if row == _SQLITE:
        store = Store.open(f"sqlite:///{folder / 'bench.db'}")
        store.migrate()
        store.first_start()
        gate = _GateOf(store.default_organization())
        yield Ingest(gate=gate, policies=DefaultPolicy(), judge=judge, store=store)
        store.close()
        return
    rig = a_rig(judge)
    dropping: Callable[..., Ingest] = _Dropping if row == _DROP else Ingest
    yield dropping(gate=rig.gate, policies=DefaultPolicy(), judge=judge, store=rig.store)


class _GateOf(MemoryGate):
    """Knows the one key, of an organisation that the store has."""

    def __init__(self, organization_id: int) -> None:
        super().__init__()
        self._organization_id = organization_id

    def admit(self, authorization: str | None) -> Caller:
        super().admit(authorization)
        return Caller(organization_id=self._organization_id, key_id=1, role="ingest")


def serve(row: str) -> None:
    """Print the port, serve until a line comes in, print the peak memory in KB."""
    with tempfile.TemporaryDirectory() as folder:
        for ingest in ingest_of(row, Path(folder)):
            receiver = GrpcReceiver.start(ingest, port=0)
            gc.freeze()  # as the server does
            print(receiver.port, flush=True)
            sys.stdin.readline()
            receiver.stop()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    serve(sys.argv[1]) if len(sys.argv) > 1 else main()
