"""The exporters that people have: OpenTelemetry's own, in Python and JavaScript."""

import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import AuditEvent, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.grpc import GrpcReceiver
from agentaudit_processor.receivers.ingest import Ingest
from tests.support.otlp import AUTHORIZATION, Rig, serving
from tests.support.otlp_clients import Target, python_exporter, record_calls, send_from_js
from tests.support.stores import a_store


def target(port: int, *, authorization: str = AUTHORIZATION, compression: str = "gzip") -> Target:
    return Target(port=port, authorization=authorization, compression=compression)


def stored_calls(rig: Rig) -> list[ToolCall]:
    return [event.activity for event in rig.store.events() if isinstance(event.activity, ToolCall)]


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_an_application_with_the_python_sdk_is_recorded(rig: Rig, transport: str) -> None:
    with serving(rig.grpc if transport == "grpc" else rig.http) as receiver:
        record_calls(python_exporter(transport, target(receiver.port)), 700)

    calls = stored_calls(rig)
    assert [call.call_id for call in calls] == [f"call-{number}" for number in range(700)]
    assert {call.actor.agent_name for call in calls} == {"my-agent"}


@pytest.mark.otlp(33)
def test_many_python_senders_at_once_are_all_recorded(rig: Rig) -> None:
    with serving(rig.grpc) as receiver:
        senders = [
            threading.Thread(
                target=record_calls, args=(python_exporter("grpc", target(receiver.port)), 50)
            )
            for _ in range(8)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(30)

    assert len(stored_calls(rig)) == 400


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["grpc", "http/json", "http/protobuf"])
def test_an_application_with_the_js_exporter_is_recorded(
    rig: Rig, protocol: str, compression: str
) -> None:
    with serving(rig.grpc if protocol == "grpc" else rig.http) as receiver:
        answer = send_from_js(protocol, target(receiver.port, compression=compression))

    (call,) = stored_calls(rig)
    assert answer == {"code": 0, "error": ""}
    assert (call.session_id, call.call_id, call.exit_code) == ("js-session", "js-1", 3)
    assert call.arguments == {"command": "echo héllo"}


@pytest.mark.parametrize("protocol", ["grpc", "http/json"])
def test_the_js_exporter_is_told_that_its_key_is_wrong(rig: Rig, protocol: str) -> None:
    with serving(rig.grpc if protocol == "grpc" else rig.http) as receiver:
        answer = send_from_js(protocol, target(receiver.port, authorization="Bearer wrong"))

    assert answer["code"] == 1
    assert "unknown API key" in answer["error"] or "Unauthorized" in answer["error"]
    assert rig.store.events() == []


@pytest.mark.otlp(26)
def test_while_the_writer_is_blocked_js_over_grpc_gets_its_ack_late_instead_of_a_refusal(
    judge: Judge, tmp_path: Path
) -> None:
    """It drops what is answered with UNAVAILABLE, whatever RetryInfo says."""
    path, writing = tmp_path / "test.db", threading.Event()
    with a_store(f"sqlite:///{path}") as store, ThreadPoolExecutor(1) as pool:
        key = store.create_key(store.default_organization(), role="ingest", name="js")
        ingest = Ingest(
            gate=store.access, policies=store.access, judge=judge, store=Telling(store, writing)
        )
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")

        with serving(lambda: GrpcReceiver.start(ingest, port=0)) as receiver:
            place = target(receiver.port, authorization=f"Bearer {key}")
            sent = pool.submit(send_from_js, "grpc", place)
            assert writing.wait(60)
            was_held = not sent.done()
            other.execute("ROLLBACK")
            answer = sent.result()

        other.close()
        stored = store.list_events(store.default_organization(), EventFilter()).total
    assert was_held
    assert {"code": 0, "error": ""} == answer
    assert 1 == stored
    requests = [one for one in ingest.tally.counts() if one.name == "receiver_requests"]
    assert [{"outcome": "success", "transport": "grpc"}] == [dict(one.labels) for one in requests]


@dataclass(frozen=True)
class Telling:
    """A store, and that somebody has come to write."""

    store: Store
    writing: threading.Event

    def write(self, organization_id: int, events: Sequence[AuditEvent]) -> None:
        self.writing.set()
        self.store.write(organization_id, events)
