"""Rows of the OTLP checklist that a client of others shows, each with the clients that show it.

docs/conformance.md has them as a table.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentaudit_processor.model import AuditEvent, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Unavailable
from tests.support.otlp import AUTHORIZATION, Rig, a_rig, serving
from tests.support.otlp_clients import SendCalls, Target, client_of, is_http
from tests.support.sending import wait_until

CLIENTS = (
    "python grpc",
    "python http/protobuf",
    "js grpc",
    "js http/json",
    "js http/protobuf",
    "collector grpc",
    "collector http/protobuf",
    "collector http/json",
    "rotel grpc",
    "rotel http",
)
PATIENT = (
    "python grpc",
    "python http/protobuf",
    "js http/json",
    "js http/protobuf",
    "collector grpc",
    "collector http/protobuf",
    "collector http/json",
    "rotel grpc",
    "rotel http",
)
"""Those that send again after UNAVAILABLE or 503; JavaScript's over gRPC drops it."""
OVER_HTTP = (
    "python http/protobuf",
    "js http/json",
    "js http/protobuf",
    "collector http/protobuf",
    "collector http/json",
    "rotel http",
)
OVER_GRPC = ("python grpc", "js grpc", "collector grpc", "rotel grpc")
COUNT = 5
CALLS = [f"call-{number}" for number in range(COUNT)]

pytestmark = pytest.mark.collector


def by(*clients: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", clients)


@pytest.fixture
def rig(judge: Judge) -> Rig:
    return a_rig(judge)


@contextmanager
def sending_by(
    client: str, rig: Rig, folder: Path, *, key: str = AUTHORIZATION, compression: str = "none"
) -> Iterator[SendCalls]:
    """`client`, set up to send to receivers on `rig`."""
    with serving(rig.http if is_http(client) else rig.grpc) as receiver:
        target = Target(port=receiver.port, authorization=key, compression=compression)
        with client_of(client, target, folder) as send:
            yield send


def stored(rig: Rig) -> list[str]:
    """The call ids that arrived, each time that they were written."""
    calls = [event.activity for event in rig.store.events()]
    return sorted(call.call_id for call in calls if isinstance(call, ToolCall))


def wait_for(rig: Rig, expected: Sequence[str]) -> None:
    """A collector says that it has spans before it has sent them."""
    wait_until(lambda: set(expected) <= set(stored(rig)))


@pytest.mark.otlp(1, 18, 31)
@by(*OVER_GRPC)
def test_what_it_sends_over_grpc_is_recorded(rig: Rig, client: str, tmp_path: Path) -> None:
    with sending_by(client, rig, tmp_path) as send:
        send(COUNT)
        wait_for(rig, CALLS)

    assert CALLS == stored(rig)


@pytest.mark.otlp(4, 5, 8, 18, 31)
@by(*OVER_HTTP)
def test_what_it_sends_over_http_is_recorded(rig: Rig, client: str, tmp_path: Path) -> None:
    with sending_by(client, rig, tmp_path) as send:
        send(COUNT)
        wait_for(rig, CALLS)

    assert CALLS == stored(rig)


@pytest.mark.otlp(9)
@by(*CLIENTS)
def test_what_it_compresses_is_recorded(rig: Rig, client: str, tmp_path: Path) -> None:
    with sending_by(client, rig, tmp_path, compression="gzip") as send:
        send(COUNT)
        wait_for(rig, CALLS)

    assert CALLS == stored(rig)


@pytest.mark.otlp(11)
@by("collector http/protobuf")
@pytest.mark.parametrize(
    "compression", ["zstd", "zlib", "deflate", "snappy", "x-snappy-framed", "lz4"]
)
def test_what_it_compresses_in_another_way_is_recorded(
    rig: Rig, client: str, compression: str, tmp_path: Path
) -> None:
    with sending_by(client, rig, tmp_path, compression=compression) as send:
        send(COUNT)
        wait_for(rig, CALLS)

    assert CALLS == stored(rig)


@pytest.mark.otlp(55)
@by(*CLIENTS)
def test_with_a_wrong_key_nothing_of_it_is_recorded(rig: Rig, client: str, tmp_path: Path) -> None:
    with sending_by(client, rig, tmp_path, key="Bearer wrong") as send:
        send(1)
        wait_until(lambda: rig.gate.asked > 0)

    assert [] == stored(rig)


@pytest.mark.otlp(23, 26, 30)
@by(*PATIENT)
def test_it_sends_again_what_the_store_could_not_take(
    rig: Rig, client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, away = rig.store.write, iter([True])

    def once_away(organization_id: int, events: Sequence[AuditEvent]) -> None:
        if next(away, False):
            raise Unavailable("once")
        write(organization_id, events)

    monkeypatch.setattr(rig.store, "write", once_away)

    with sending_by(client, rig, tmp_path) as send:
        send(COUNT)
        wait_for(rig, CALLS)

    assert CALLS == stored(rig)


@pytest.mark.otlp(32)
@by(*PATIENT)
def test_what_it_sends_again_because_the_ack_was_lost_is_the_same_event(
    rig: Rig, client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, lost = rig.store.write, iter([True])

    def ack_once_lost(organization_id: int, events: Sequence[AuditEvent]) -> None:
        write(organization_id, events)
        if next(lost, False):
            raise Unavailable("the commit was made, and nobody told")

    monkeypatch.setattr(rig.store, "write", ack_once_lost)

    with sending_by(client, rig, tmp_path) as send:
        send(COUNT)
        wait_until(lambda: len(stored(rig)) >= 2 * COUNT)

    assert COUNT == len({event.event_id for event in rig.store.events()})


@pytest.mark.otlp(13, 38, 42)
@by("js http/json")
def test_its_chunked_json_with_numbers_and_ids_in_hex_is_read(
    rig: Rig, client: str, tmp_path: Path
) -> None:
    with sending_by(client, rig, tmp_path) as send:
        send(1)

    (call,) = [event.activity for event in rig.store.events()]
    assert isinstance(call, ToolCall)
    assert (3, 32, 16) == (call.exit_code, len(call.trace_id), len(call.span_id))
