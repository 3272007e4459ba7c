"""Many at once who mean no good: idle connections, trickled heads, wrong keys. One means well."""

import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import grpc
import httpx
import pytest

from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers import patience
from agentaudit_processor.receivers.http import HttpReceiver
from tests.support.builders import a_tool_call
from tests.support.otlp import AUTHORIZATION, ORGANIZATION, Rig, a_rig, hook_traces, serving
from tests.support.server import a_server

BODY = hook_traces(a_tool_call()).SerializeToString()
HEADERS = {"Content-Type": "application/x-protobuf", "Authorization": AUTHORIZATION}


@pytest.fixture
def rig(judge: Judge) -> Rig:
    return a_rig(judge)


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


@contextmanager
def crowd(port: int, first_words: bytes) -> Iterator[None]:
    """Ten thousand connections that say no more than these words, or as many as may be."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, (most - 500) // 2)  # both ends are ours
    with ExitStack() as stack:
        for _ in range(count):
            link = socket.create_connection(("127.0.0.1", port), timeout=10)
            stack.enter_context(link)
            with suppress(ConnectionError):  # hung up on already
                link.sendall(first_words)
        yield


def test_ten_thousand_idle_connections_keep_nobody_from_sending(
    rig: Rig, receiver: HttpReceiver
) -> None:
    with crowd(receiver.port, b"POST /v1/traces HTTP/1.1\r\n"):
        assert 200 == send(receiver.port)

    assert 1 == len(rig.store.events(ORGANIZATION))


def test_ten_thousand_connections_that_begin_http2_keep_nobody_from_sending(rig: Rig) -> None:
    with (
        serving(rig.grpc) as receiver,
        crowd(receiver.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel,
    ):
        call = channel.unary_unary(TRACES.method, None, None)
        answer = call(BODY, metadata=(("authorization", AUTHORIZATION),), timeout=60)

    assert b"" == answer
    assert 1 == len(rig.store.events(ORGANIZATION))


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
        over_http = [
            pool.submit(send, http_port, Authorization=f"Bearer aa_live_{number:032}")
            for number in range(200)
        ]
        over_grpc = [
            pool.submit(code_of, grpc_port, f"Bearer aa_live_{number:032}") for number in range(200)
        ]

        right = send(http_port, Authorization=f"Bearer {server.key}")

        assert {401} == {one.result() for one in over_http}
        assert {grpc.StatusCode.UNAUTHENTICATED} == {one.result() for one in over_grpc}
        assert 200 == right
        assert 1 == server.request("GET", "/v1/events?limit=1").json()["total"]


def code_of(port: int, authorization: str) -> grpc.StatusCode:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(TRACES.method, None, None)
        try:
            call(BODY, metadata=(("authorization", authorization),), timeout=60)
        except grpc.RpcError as refused:
            return refused.code()
    return grpc.StatusCode.OK
