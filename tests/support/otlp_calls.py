"""Single OTLP requests by a plain gRPC channel or HTTP connection, with the key of a Rig."""

import http.client
from typing import Any

import grpc
import pytest

from agentaudit_processor.otlp import TRACES, Signal
from tests.support.otlp import AUTHORIZATION

KIB = 1024


def export(
    channel: grpc.Channel,
    body: bytes,
    signal: Signal = TRACES,
    authorization: str | None = AUTHORIZATION,
    **options: Any,
) -> Any:
    """The answer to one request; `options` are gRPC's own."""
    metadata = (("authorization", authorization),) if authorization else ()
    call = channel.unary_unary(signal.method, None, signal.response.FromString)
    return call(body, metadata=metadata, timeout=10, **options)


def refused(channel: grpc.Channel, body: bytes, **options: Any) -> grpc.RpcError:
    """How one request was refused, as it has to be."""
    with pytest.raises(grpc.RpcError) as error:
        export(channel, body, **options)
    return error.value


def post(
    connection: http.client.HTTPConnection,
    body: Any,
    path: str = "/v1/traces",
    content_type: str = "application/x-protobuf",
    authorization: str | None = AUTHORIZATION,
    **headers: str,
) -> tuple[http.client.HTTPResponse, bytes]:
    """Status and headers of the answer, and its body."""
    sent = {"Content-Type": content_type, **headers}
    if authorization:
        sent["Authorization"] = authorization
    connection.request("POST", path, body, sent)
    answer = connection.getresponse()
    return answer, answer.read()
