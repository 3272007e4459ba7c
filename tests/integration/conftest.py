"""Fixtures of many tests: a hook's home and the server it reports to, and OTLP receivers alone.

A test module with another need has a fixture of the same name.
"""

import http.client
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from agentaudit_processor.pipeline import Judge
from tests.support.hook import HookHome, HookServer, a_hook_home, a_hook_server
from tests.support.otlp import Rig, a_rig, serving
from tests.support.otlp_calls import KIB


@pytest.fixture
def server(judge: Judge) -> Iterator[HookServer]:
    """Receivers that keep everything in memory."""
    with a_hook_server(judge) as server:
        yield server


@pytest.fixture
def hook(server: HookServer, tmp_path: Path) -> Iterator[HookHome]:
    """A developer's home; its relays end with the test."""
    with a_hook_home(tmp_path, server.url) as hook:
        yield hook


@pytest.fixture
def rig(judge: Judge) -> Rig:
    """What receivers stand on, all of it in memory."""
    return a_rig(judge)


@pytest.fixture
def channel(rig: Rig) -> Iterator[grpc.Channel]:
    """To a gRPC receiver on `rig` that takes 64 KiB."""
    with (
        serving(lambda: rig.grpc(max_bytes=64 * KIB)) as receiver,
        grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel,
    ):
        yield channel


@pytest.fixture
def connection(rig: Rig) -> Iterator[http.client.HTTPConnection]:
    """The same over HTTP."""
    with serving(lambda: rig.http(max_bytes=64 * KIB)) as receiver:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
        yield connection
        connection.close()
