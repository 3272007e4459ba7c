"""How a serialised OTLP request reaches an endpoint: gRPC, or HTTP with protobuf."""

import gzip
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import grpc
from google.protobuf.message import DecodeError

from agentaudit_processor.otlp import Signal
from agentaudit_processor.ports import SentWith, Unavailable

_MAX_ANSWER = 4 * 1024 * 1024
"""Bytes; what OTLP 1.11 lets an answer have."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTls:
    """What a destination is known by, and what it knows us by; None: the system's own."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How requests are sent."""

    headers: Mapping[str, str] = field(default_factory=dict)
    gzip: bool = True
    timeout_s: float = 10.0
    tls: ClientTls = field(default_factory=ClientTls)


def transport_to(
    endpoint: str, protocol: str, sending: Sending | None = None
) -> "GrpcTransport | HttpTransport":
    """Choose by `protocol`: `grpc` or `http/protobuf`.

    Raises:
        ValueError: the endpoint is no http or https URL with a host, the protocol is unknown, or a
            TLS file cannot be used.
    """
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"forward endpoint {endpoint!r}: expected http://host:port or https://…")
    if protocol not in ("grpc", "http/protobuf"):
        raise ValueError(f"forward protocol {protocol!r}: expected grpc or http/protobuf")
    try:
        if protocol == "grpc":
            return GrpcTransport(url, sending or Sending())
        return HttpTransport(url, sending or Sending())
    except OSError as error:  # ssl.SSLError is one
        name = getattr(error, "filename", None) or "tls"
        raise ValueError(f"{name}: {error.strerror or type(error).__name__}") from None


class GrpcTransport:
    """One channel; it connects when first used and reconnects by itself."""

    def __init__(self, url: SplitResult, sending: Sending) -> None:
        host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
        target = f"{host}:{url.port or 4317}"
        options = [("grpc.max_send_message_length", -1)]
        self._channel = (
            grpc.secure_channel(target, _grpc_credentials(sending.tls), options=options)
            if url.scheme == "https"
            else grpc.insecure_channel(target, options=options)
        )
        self._metadata = tuple((key.lower(), value) for key, value in sending.headers.items())
        self._timeout_s = sending.timeout_s
        self._compression = (
            grpc.Compression.Gzip if sending.gzip else grpc.Compression.NoCompression
        )

    def send(self, signal: Signal, body: bytes, sent_with: SentWith = ()) -> int:
        """Send one request, with these headers beside our own, which come first.

        Gives how many of its items the destination says that it has refused.

        Raises:
            Unavailable: it may be taken later.
            NotTaken: it was refused for good.
        """
        call = self._channel.unary_unary(signal.method, None, None)
        try:
            answer = call(
                body,
                metadata=self._metadata + _others(sent_with, self._metadata),
                timeout=self._timeout_s,
                compression=self._compression,
            )
        except grpc.RpcError as error:
            code = error.code()
            kind = Unavailable if code in _RETRYABLE_GRPC else NotTaken
            raise kind(f"gRPC {code.name}") from None
        return _refused_by(signal, answer)

    def close(self) -> None:
        """Let go of the channel."""
        self._channel.close()


class HttpTransport:
    """One connection, kept while it works."""

    def __init__(self, url: SplitResult, sending: Sending) -> None:
        self._url = url
        self._sending = sending
        encoding = {"Content-Encoding": "gzip"} if sending.gzip else {}
        self._headers = {"Content-Type": "application/x-protobuf", **encoding, **sending.headers}
        self._named = tuple((name.lower(), value) for name, value in self._headers.items())
        self._connection = self._connect()

    def send(self, signal: Signal, body: bytes, sent_with: SentWith = ()) -> int:
        """Send one request, with these headers beside our own, which come first.

        Gives how many of its items the destination says that it has refused.

        Raises:
            Unavailable: it may be taken later.
            NotTaken: it was refused for good.
        """
        path = self._url.path.rstrip("/") + signal.path
        sent = gzip.compress(body, 6) if self._sending.gzip else body
        try:
            headers = dict(_others(sent_with, self._named)) | self._headers
            self._connection.request("POST", path, sent, headers)
            answer = self._connection.getresponse()
            told = answer.read(_MAX_ANSWER)
            if not answer.isclosed():  # there is more of it, which nobody needs
                self._connection.close()
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise Unavailable(type(error).__name__) from None
        if answer.status // 100 != 2:
            kind = Unavailable if answer.status in _RETRYABLE_HTTP else NotTaken
            raise kind(f"HTTP {answer.status}")
        return _refused_by(signal, told)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _connect(self) -> HTTPConnection:
        host, timeout_s = self._url.hostname or "", self._sending.timeout_s
        if self._url.scheme == "https":
            context = _ssl_context(self._sending.tls)
            return HTTPSConnection(host, self._url.port, timeout=timeout_s, context=context)
        return HTTPConnection(host, self._url.port or 4318, timeout=timeout_s)


def _refused_by(signal: Signal, answer: bytes) -> int:
    """The count in the `partial_success` of an answer; 0 for what is none."""
    try:
        told: Any = signal.response.FromString(answer)
    except DecodeError:
        return 0
    refused: int = getattr(told.partial_success, f"rejected_{signal.rejected}")
    return max(0, refused)


def _others(sent_with: SentWith, own: SentWith) -> SentWith:
    """Those of a sender that the operator has not set."""
    taken = {name for name, _ in own}
    return tuple(one for one in sent_with if one[0] not in taken)


def _grpc_credentials(tls: ClientTls) -> grpc.ChannelCredentials:
    _ssl_context(tls)  # gRPC would take unusable files in silence
    return grpc.ssl_channel_credentials(
        *(
            path.read_bytes() if path else None
            for path in (tls.ca_file, tls.key_file, tls.cert_file)
        )
    )


def _ssl_context(tls: ClientTls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_file)
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context
