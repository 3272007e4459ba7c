"""The exporters that people have: OpenTelemetry's own, in Python and JavaScript."""

import threading

import pytest

from agentaudit_processor.model import ToolCall
from agentaudit_processor.pipeline import Judge
from tests.support.otlp import AUTHORIZATION, Rig, a_rig, serving
from tests.support.otlp_clients import Target, python_exporter, record_calls, send_from_js


@pytest.fixture
def rig(judge: Judge) -> Rig:
    return a_rig(judge)


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
