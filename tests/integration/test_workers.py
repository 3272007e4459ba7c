"""Large batches are judged in other processes: as ever, and without loss when one of them dies."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import httpx
import pytest

from agentaudit_backend.settings import Settings
from agentaudit_backend.workers import pool
from agentaudit_backend.workers.deadly import MOST_TRIES
from agentaudit_backend.workers.pool import Workers
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.policy import Policy
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.receivers.decode import Media
from agentaudit_processor.receivers.failures import Failure
from agentaudit_processor.receivers.ingest import WORTH_SENDING
from agentaudit_processor.receivers.judging import Work
from tests.support.builders import NOON_NS, a_tool_call
from tests.support.otlp import hook_traces
from tests.support.processes import tree_of
from tests.support.server import RunningServer, a_server

CALLS = 128
WAIT_S = 120.0
Export = Callable[[bytes], bytes]


def body_of(number: int) -> bytes:
    calls = [
        a_tool_call(
            session_id=f"session-{number}",
            call_id=f"{number}-{place}",
            arguments={"command": ("cat .env", "ls -la")[place % 2], "description": "x" * 200},
            started_ns=NOON_NS + place,
            ended_ns=NOON_NS + place + 1,
        )
        for place in range(CALLS)
    ]
    return hook_traces(*calls).SerializeToString()


@contextmanager
def exporting(server: RunningServer) -> Iterator[Export]:
    """Send one request, and give its answer."""
    with grpc.insecure_channel(f"127.0.0.1:{server.otlp_grpc_port}") as channel:
        send = channel.unary_unary(TRACES.method, None, None)
        metadata = (("authorization", f"Bearer {server.key}"),)
        yield lambda body: send(body, metadata=metadata, timeout=WAIT_S)


@contextmanager
def a_server_with(workers: int, tmp_path: Path) -> Iterator[RunningServer]:
    """One that tells when its workers are ready."""
    told = {"AGENTAUDIT_WORKERS": str(workers), "AGENTAUDIT_LOG_LEVEL": "info"}
    with a_server(tmp_path, **told) as server:
        yield server


def workers_of(server: RunningServer, start: int = 1) -> list[int]:
    """The processes that the server's nursery has forked, once those of its `start` are ready."""
    deadline = time.monotonic() + WAIT_S
    while server.output.count("workers judge large requests") < start:
        assert time.monotonic() < deadline, f"no workers:\n{server.output}"
        time.sleep(0.1)
    return [pid for pid in tree_of(server.pid) if _is_worker(pid)]


def _is_worker(pid: int) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
        told = [(one / "cmdline").read_bytes() for one in (process, process.parent / parent)]
    except OSError:  # it has just ended
        return False
    return all(b"workers.nursery" in words for words in told)


def test_a_worker_that_dies_costs_nothing_but_another_try(tmp_path: Path) -> None:
    with a_server_with(2, tmp_path) as server, exporting(server) as export:
        export(body_of(0))
        first = workers_of(server)

        os.kill(first[0], signal.SIGSTOP)  # it takes a request, and then dies of it
        os.kill(first[1], signal.SIGSTOP)
        call = threading.Thread(target=lambda: failures.append(failure_of(export, body_of(1))))
        failures: list[grpc.StatusCode | None] = []
        call.start()
        time.sleep(0.5)
        os.kill(first[0], signal.SIGKILL)
        os.kill(first[1], signal.SIGKILL)
        call.join()
        export(body_of(1))
        second = workers_of(server, start=2)
        export(body_of(2))

        assert [grpc.StatusCode.UNAVAILABLE] == failures
        assert set(first).isdisjoint(second)
        assert 3 * CALLS == server.request("GET", "/v1/events?limit=1").json()["total"]


def failure_of(export: Export, body: bytes) -> grpc.StatusCode | None:
    try:
        export(body)
    except grpc.RpcError as error:
        return error.code()
    return None


@pytest.mark.parametrize("end", [RunningServer.stop, RunningServer.kill])
def test_workers_end_with_their_server(end: Callable[[RunningServer], int], tmp_path: Path) -> None:
    with a_server_with(1, tmp_path) as server, exporting(server) as export:
        export(body_of(0))
        all_of_it = [*workers_of(server), *tree_of(server.pid)]

        end(server)

        deadline = time.monotonic() + WAIT_S
        while any(_runs(pid) for pid in all_of_it):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_large_body_that_is_no_request_is_refused_for_good(tmp_path: Path) -> None:
    with a_server_with(1, tmp_path) as server, exporting(server) as export:
        export(body_of(0))
        workers_of(server)

        told = httpx.post(
            f"{server.otlp_http_endpoint}/v1/traces",
            content=b"\xff" * WORTH_SENDING,
            headers={
                "Authorization": f"Bearer {server.key}",
                "Content-Type": "application/x-protobuf",
            },
        )

        assert 400 == told.status_code


def test_a_request_that_no_worker_finishes_is_refused_for_good_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "ANSWER_S", 0.5)
    settings = Settings(data_dir=tmp_path)
    workers = Workers(1, settings, lambda *_: None, forwarding=None)
    work = Work(
        signal="traces",
        media=Media.PROTOBUF,
        body=body_of(0),
        organization_id=1,
        policy=Policy(),
    )
    told: list[type[Exception]] = []

    try:
        for _ in range(MOST_TRIES + 1):
            try:
                crew = ready(workers, work)
                os.kill(crew, signal.SIGSTOP)
                workers.judge(work)
            except (Unavailable, Failure) as refused:
                told.append(type(refused))
    finally:
        workers.close()

    assert [Unavailable] * MOST_TRIES == [one.__mro__[1] for one in told[:MOST_TRIES]]
    assert [Failure] == told[MOST_TRIES:]


def ready(workers: Workers, work: Work) -> int:
    """Have a worker; gives its process."""
    deadline = time.monotonic() + WAIT_S
    other = replace(work, body=body_of(1))
    while workers.judge(other) is None:
        assert time.monotonic() < deadline, "no worker"
        time.sleep(0.1)
    found = [pid for pid in tree_of(os.getpid()) if _is_worker(pid)]
    return found[-1]
