"""How a serialised OTLP request reaches an endpoint: gRPC, or HTTP with protobuf."""

import gzip
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

import grpc

from agentaudit_processor.otlp import Signal
from agentaudit_processor.ports import Unavailable

TIMEOUT_S = 10.0
_RETRYABLE_HTTP = frozenset((429, 502, 503, 504))
_RETRYABLE_GRPC = frozenset(
    (
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    )
)


class NotTaken(Exception):
    """The destination refused the request for good; the text says how, and nothing of it."""


def transport_to(
    endpoint: str, protocol: str, headers: Mapping[str, str]
) -> "GrpcTransport | HttpTransport":
    """Choose by `protocol`.

    Raises:
        ValueError: the endpoint is no http or https URL with a host, or the protocol is unknown.
    """
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"forward endpoint {endpoint!r}: expected http://host:port or https://…")
    if protocol == "grpc":
        return GrpcTransport(url, headers)
    if protocol == "http/protobuf":
        return HttpTransport(url, headers)
    raise ValueError(f"forward protocol {protocol!r}: expected grpc or http/protobuf")


class GrpcTransport:
    """One channel; it connects when first used and reconnects by itself."""

    def __init__(self, url: SplitResult, headers: Mapping[str, str]) -> None:
        target = f"{url.hostname}:{url.port or 4317}"
        options = [("grpc.max_send_message_length", -1)]
        self._channel = (
            grpc.secure_channel(target, grpc.ssl_channel_credentials(), options=options)
            if url.scheme == "https"
            else grpc.insecure_channel(target, options=options)
        )
        self._metadata = tuple((key.lower(), value) for key, value in headers.items())

    def send(self, signal: Signal, body: bytes) -> None:
        """Send one request.

        Raises:
            Unavailable: it may be taken later.
            NotTaken: it was refused for good.
        """
        call = self._channel.unary_unary(signal.method, None, None)
        try:
            call(
                body,
                metadata=self._metadata,
                timeout=TIMEOUT_S,
                compression=grpc.Compression.Gzip,
            )
        except grpc.RpcError as error:
            code = error.code()
            kind = Unavailable if code in _RETRYABLE_GRPC else NotTaken
            raise kind(f"gRPC {code.name}") from None

    def close(self) -> None:
        """Let go of the channel."""
        self._channel.close()


class HttpTransport:
    """One connection, kept while it works."""

    def __init__(self, url: SplitResult, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = {
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "gzip",
            **headers,
        }
        self._connection = self._connect()

    def send(self, signal: Signal, body: bytes) -> None:
        """Send one request.

        Raises:
            Unavailable: it may be taken later.
            NotTaken: it was refused for good.
        """
        path = self._url.path.rstrip("/") + signal.path
        try:
            self._connection.request("POST", path, gzip.compress(body, 6), self._headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise Unavailable(type(error).__name__) from None
        if answer.status // 100 != 2:
            kind = Unavailable if answer.status in _RETRYABLE_HTTP else NotTaken
            raise kind(f"HTTP {answer.status}")

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _connect(self) -> HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "https":
            return HTTPSConnection(host, self._url.port, timeout=TIMEOUT_S)
        return HTTPConnection(host, self._url.port or 4318, timeout=TIMEOUT_S)
