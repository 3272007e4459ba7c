"""Carriers: why a real receiver did not take a batch, and what that means for the batch."""

import pytest

from agentaudit_hook.relay.carriers import carrier_of
from agentaudit_hook.relay.trouble import Rejection
from agentaudit_hook.settings import Settings
from agentaudit_hook.span import to_log_record, to_span
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_request, a_tool_call
from tests.support.otlp import KEY, Rig, a_rig
from tests.support.strange_server import a_strange_server, with_status

LARGE = [to_span(a_tool_call(arguments={"command": "x" * 200_000}))]
SMALL = [to_span(a_tool_call())]


@pytest.fixture(scope="module")
def rig() -> Rig:
    return a_rig(Judge.load())


def test_a_message_over_the_grpc_receivers_limit_must_not_be_offered_unchanged(rig: Rig) -> None:
    receiver = rig.grpc(max_bytes=100_000)
    endpoint = f"http://127.0.0.1:{receiver.port}"
    carrier = carrier_of(Settings(otlp_endpoint=endpoint, otlp_protocol="grpc", api_key=KEY))
    try:
        trouble = carrier.carry(LARGE, [])

        assert trouble is not None
        assert trouble.permanent
        assert carrier.probe() is None
        assert carrier.carry(SMALL, []) is None
    finally:
        carrier.close()
        receiver.stop(1)


def test_a_body_over_the_http_receivers_limit_must_not_be_offered_unchanged(rig: Rig) -> None:
    receiver = rig.http(max_bytes=100_000)
    carrier = carrier_of(Settings(base_url=f"http://127.0.0.1:{receiver.port}", api_key=KEY))
    try:
        trouble = carrier.carry(LARGE, [])

        assert trouble is not None
        assert trouble.permanent
        assert carrier.probe() is None
        assert carrier.carry(SMALL, []) is None
    finally:
        carrier.close()
        receiver.stop(1)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_records_that_a_receiver_refuses_for_good_are_counted_with_its_reason(
    rig: Rig, protocol: str
) -> None:
    receiver = rig.grpc() if protocol == "grpc" else rig.http()
    url = f"http://127.0.0.1:{receiver.port}"
    carrier = carrier_of(
        Settings(base_url=url, otlp_endpoint=url, otlp_protocol=protocol, api_key=KEY)
    )
    nameless = [to_span(a_tool_call("", call_id=f"toolu_{number}")) for number in range(2)]
    try:
        answer = carrier.carry([*nameless, *SMALL], [to_log_record(a_request(""))])

        assert isinstance(answer, Rejection)
        assert 3 == answer.count
        assert "gen_ai.tool.name" in answer.why
    finally:
        carrier.close()
        receiver.stop(1)


def test_a_web_page_in_place_of_an_ack_is_no_ack() -> None:
    page = with_status(200, b"<form>Log in</form>", Content_Type="text/html; charset=utf-8")
    with a_strange_server(page) as portal:
        carrier = carrier_of(Settings(base_url=portal.url, api_key=KEY))

        trouble = carrier.carry(SMALL, [])
        carrier.close()

    assert trouble is not None
    assert "answers with a web page" in trouble.sentence
