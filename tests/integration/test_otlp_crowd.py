"""Many who mean no good: idle connections, trickled heads, wrong keys, bombs. One means well.

What the server has acknowledged to that one is there, once.
"""

import resource
import socket
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import grpc
import httpx
import pytest

from agentaudit_processor.otlp import TRACES
from agentaudit_processor.receivers import patience
from agentaudit_processor.receivers.http import HttpReceiver
from tests.bench.ingest_bodies import BATCH, bodies_of
from tests.support.builders import a_tool_call
from tests.support.ledger import assert_each_call_is_there_once
from tests.support.otlp import AUTHORIZATION, ORGANIZATION, Rig, hook_traces, serving
from tests.support.relays import usage_of
from tests.support.sending import Sender
from tests.support.server import RunningServer, a_server

CROWD = 10_000
USUAL_FILES = 1_024
BODY = hook_traces(a_tool_call()).SerializeToString()
BATCHES = list(bodies_of(4))
SPANS = len(BATCHES) * BATCH
BOMB_BYTES = 200 << 20
PEAK_BYTES = 1 << 30
"""For bombs of 4 GB: what is under way at a time may be inflated up to the limit."""
HEADERS = {"Content-Type": "application/x-protobuf", "Authorization": AUTHORIZATION}


@pytest.fixture
def receiver(rig: Rig) -> Iterator[HttpReceiver]:
    with serving(rig.http) as receiver:
        yield receiver


def send(port: int, **headers: str) -> int:
    url = f"http://127.0.0.1:{port}/v1/traces"
    return httpx.post(url, content=BODY, headers=HEADERS | headers, timeout=30).status_code


def is_hung_up_on(link: socket.socket, timeout_s: float) -> bool:
    """Whether the other side closes within the time, while we trickle on."""
    end = time.monotonic() + timeout_s
    link.settimeout(0.05)
    while time.monotonic() < end:
        try:
            link.sendall(b"x")
            if link.recv(100) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_who_trickles_a_head_is_hung_up_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_TIMEOUT_S", 0.5)

    with (
        serving(rig.http) as receiver,
        socket.create_connection(("127.0.0.1", receiver.port)) as link,
    ):
        link.sendall(b"POST /v1/traces HTTP/1.1\r\nX: ")

        assert is_hung_up_on(link, 20)


def test_who_says_nothing_after_an_answer_may_ask_again_on_the_same_connection(
    receiver: HttpReceiver,
) -> None:
    with httpx.Client(headers=HEADERS) as client:
        url = f"http://127.0.0.1:{receiver.port}/v1/traces"

        answers = [client.post(url, content=BODY).status_code for _ in range(3)]

    assert [200, 200, 200] == answers


@pytest.fixture
def files_for_a_crowd() -> Iterator[None]:
    """Leave to have a file open for each; what we start has no more than shells usually give."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CROWD + USUAL_FILES:
        pytest.skip(f"NOT TESTED, this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL_FILES, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def crowd(port: int, first_words: bytes) -> Iterator[None]:
    """Ten thousand connections that say no more than these words."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        for _ in range(CROWD):
            link = socket.create_connection(("127.0.0.1", port), timeout=60)
            stack.enter_context(link)
            with suppress(ConnectionError):  # hung up on already
                link.sendall(first_words)
        yield


@pytest.mark.parametrize(
    ("port", "first_words"),
    [
        ("otlp_http_port", b"POST /v1/traces HTTP/1.1\r\n"),
        ("otlp_grpc_port", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("port", b""),
    ],
    ids=["http, half a head", "grpc, a greeting", "web, nothing"],
)
def test_ten_thousand_connections_keep_nobody_from_sending(
    tmp_path: Path, files_for_a_crowd: None, port: str, first_words: bytes
) -> None:
    with a_server(tmp_path) as server:
        sender = sender_to(server)

        with crowd(getattr(server, port), first_words), sender.sending(BATCHES):
            sender.wait_for(len(BATCHES), timeout_s=300)
            over_http = send(server.otlp_http_port, Authorization=f"Bearer {server.key}")

        server.stop()
        assert 200 == over_http
        assert_each_call_is_there_once(server.database_url, SPANS + 1)


def test_bombs_cost_a_sender_nothing_and_their_server_little_memory(tmp_path: Path) -> None:
    """Each is 200 MiB of nothing, more than three times what is taken."""
    bomb = zeros_in_gzip(BOMB_BYTES)
    with a_server(tmp_path) as server, ThreadPoolExecutor(8) as pool:
        sender = sender_to(server)

        with sender.sending(BATCHES):
            over_http = [pool.submit(throw, server, bomb) for _ in range(16)]
            over_grpc = [pool.submit(throw_by_grpc, server) for _ in range(4)]

        peak_bytes, _ = usage_of(server.pid)
        assert {413} == {one.result() for one in over_http}
        assert {grpc.StatusCode.RESOURCE_EXHAUSTED} == {one.result() for one in over_grpc}
        server.stop()
        assert_each_call_is_there_once(server.database_url, SPANS)
    assert peak_bytes < PEAK_BYTES


def zeros_in_gzip(size: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    piece = bytes(1 << 20)
    return b"".join(packer.compress(piece) for _ in range(size >> 20)) + packer.flush()


def throw(server: RunningServer, bomb: bytes) -> int:
    headers = {"Authorization": f"Bearer {server.key}", "Content-Encoding": "gzip"}
    url = f"{server.otlp_http_endpoint}/v1/traces"
    return httpx.post(url, content=bomb, headers=HEADERS | headers, timeout=120).status_code


def throw_by_grpc(server: RunningServer) -> grpc.StatusCode:
    return code_of(
        server.otlp_grpc_port, f"Bearer {server.key}", bytes(BOMB_BYTES), grpc.Compression.Gzip
    )


def test_wrong_keys_at_rate_keep_nobody_from_sending(rig: Rig, receiver: HttpReceiver) -> None:
    with ThreadPoolExecutor(16) as pool:
        wrong = [
            pool.submit(send, receiver.port, Authorization=f"Bearer wrong-{number}")
            for number in range(300)
        ]
        right = send(receiver.port)

    assert 200 == right
    assert {401} == {one.result() for one in wrong}
    assert 1 == len(rig.store.events(ORGANIZATION))


def test_wrong_keys_at_rate_keep_nobody_from_a_server_with_its_own_store(tmp_path: Path) -> None:
    """Where each has to be looked up."""
    with a_server(tmp_path) as server, ThreadPoolExecutor(16) as pool:
        grpc_port, http_port = server.otlp_grpc_port, server.otlp_http_port
        sender = sender_to(server)
        over_http = [
            pool.submit(send, http_port, Authorization=f"Bearer aa_live_{number:032}")
            for number in range(200)
        ]
        over_grpc = [
            pool.submit(code_of, grpc_port, f"Bearer aa_live_{number:032}") for number in range(200)
        ]

        with sender.sending(BATCHES):
            right = send(http_port, Authorization=f"Bearer {server.key}")

        assert {401} == {one.result() for one in over_http}
        assert {grpc.StatusCode.UNAUTHENTICATED} == {one.result() for one in over_grpc}
        server.stop()
        assert 200 == right
        assert_each_call_is_there_once(server.database_url, SPANS + 1)


def sender_to(server: RunningServer) -> Sender:
    return Sender(port=server.otlp_grpc_port, authorization=f"Bearer {server.key}")


def code_of(
    port: int,
    authorization: str,
    body: bytes = BODY,
    compression: grpc.Compression = grpc.Compression.NoCompression,
) -> grpc.StatusCode:
    with grpc.insecure_channel(f"127.0.0.1:{port}", compression=compression) as channel:
        call = channel.unary_unary(TRACES.method, None, None)
        try:
            call(body, metadata=(("authorization", authorization),), timeout=120)
        except grpc.RpcError as refused:
            return refused.code()
    return grpc.StatusCode.OK
