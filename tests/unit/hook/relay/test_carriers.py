"""Carriers: why a real receiver did not take a batch, and what that means for the batch."""

import pytest

from agentaudit_hook.relay.carriers import carrier_of
from agentaudit_hook.settings import Settings
from agentaudit_hook.span import to_span
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call
from tests.support.otlp import KEY, Rig, a_rig

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
