"""Carriers bring a batch to the receiver with OTel's own OTLP exporters, over HTTP or gRPC.

An exporter tells success or failure, no more. Why it failed decides what happens to the batch (a
refused key is waited for, an unreadable batch is not), so each carrier also watches the answers.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import grpc
import requests
from google.protobuf.message import Message
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_spans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http import _log_exporter as http_logs
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from requests.adapters import HTTPAdapter

from agentaudit_hook.network import ca_file_of, headers_of, proxy_for
from agentaudit_hook.relay.answers import both, read_answer, rejection_in
from agentaudit_hook.relay.trouble import (
    Rejection,
    Trouble,
    of_grpc_status,
    of_http_status,
    of_silence,
    of_web_page,
)
from agentaudit_hook.settings import Settings
from agentaudit_processor.otlp import LOGS, TRACES, Signal

TIMEOUT_SECONDS = 20.0

# The exporters log each failed attempt; the status file says it once, and says what to do.
logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)


class Carrier(Protocol):
    """Brings spans and log records to a receiver."""

    def carry(
        self, spans: Sequence[ReadableSpan], records: Sequence[ReadableLogRecord]
    ) -> Trouble | Rejection | None:
        """Send all, log records first; None once the receiver has acknowledged all of it.

        A Rejection: it has acknowledged all, and never takes some of it.
        """
        ...

    def probe(self) -> Trouble | None:
        """Send an empty request: None if a receiver of OTLP is there and takes it."""
        ...

    def close(self) -> None:
        """Give connections back; an export under way is given up."""
        ...


def carrier_of(settings: Settings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Carrier:
    """The Carrier that the settings ask for. Nothing is sent yet."""
    carrier = GrpcCarrier if settings.otlp_protocol == "grpc" else HttpCarrier
    return carrier(settings, timeout_seconds)


class HttpCarrier:
    """OTLP/HTTP with protobuf and gzip."""

    def __init__(self, settings: Settings, timeout_seconds: float) -> None:
        self._base = settings.otlp_base
        self._watch = _HttpWatch()
        session = requests.Session()
        session.mount("http://", self._watch)
        session.mount("https://", self._watch)
        session.trust_env = False  # else an entry of ~/.netrc would replace the key
        if proxy := proxy_for(self._base):
            session.proxies = {"http": proxy, "https": proxy}
        common: dict[str, Any] = {
            "headers": _headers(settings),
            "certificate_file": ca_file_of(settings),
            "client_certificate_file": settings.client_certificate or None,
            "client_key_file": settings.client_key or None,
            "timeout": timeout_seconds,
            "compression": Compression.Gzip,
            "session": session,
        }
        self._spans = http_spans.OTLPSpanExporter(endpoint=f"{self._base}/v1/traces", **common)
        self._logs = http_logs.OTLPLogExporter(endpoint=f"{self._base}/v1/logs", **common)

    def carry(
        self, spans: Sequence[ReadableSpan], records: Sequence[ReadableLogRecord]
    ) -> Trouble | Rejection | None:
        """See Carrier."""
        of_records = of_spans = None
        if records:
            done = self._logs.export(records) is LogRecordExportResult.SUCCESS
            if trouble := self._watch.trouble(f"{self._base}/v1/logs", done):
                return trouble
            of_records = self._watch.rejection(LOGS)
        if spans:
            done = self._spans.export(spans) is SpanExportResult.SUCCESS
            if trouble := self._watch.trouble(f"{self._base}/v1/traces", done):
                return trouble
            of_spans = self._watch.rejection(TRACES)
        return both(of_records, of_spans)

    def probe(self) -> Trouble | None:
        """See Carrier."""
        done = self._spans.export([]) is SpanExportResult.SUCCESS
        return self._watch.trouble(f"{self._base}/v1/traces", done)

    def close(self) -> None:
        """See Carrier."""
        self._spans.shutdown()  # type: ignore[no-untyped-call]
        self._logs.shutdown()  # type: ignore[no-untyped-call]


class _NoAnswer(Exception):
    """Unknown to the exporter, which would retry by itself: waiting is our exporter's job."""


class _HttpWatch(HTTPAdapter):
    """Remembers how the last attempt was answered."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: requests.Response | None = None
        self._error: Exception | None = None

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        self._answer, self._error = None, None
        try:
            self._answer = super().send(*args, **kwargs)
        except (requests.RequestException, OSError) as error:
            self._error = error
            raise _NoAnswer(str(error)) from error
        return self._answer

    def trouble(self, url: str, done: bool) -> Trouble | None:
        answer = self._answer
        if answer is None:
            return of_silence(url, self._error)
        # The exporter takes a redirect (say, to a log-in page) for success, and the page too.
        if not done or not 200 <= answer.status_code < 300:
            return of_http_status(answer.status_code, url)
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        return of_web_page(url) if is_page else None

    def rejection(self, signal: Signal) -> Rejection | None:
        """What the last attempt, which was no trouble, was answered; its body is read already."""
        return read_answer(signal, self._answer.content) if self._answer is not None else None


class GrpcCarrier:
    """OTLP/gRPC with gzip; TLS unless the endpoint says http:// or names no scheme."""

    def __init__(self, settings: Settings, timeout_seconds: float) -> None:
        endpoint = settings.otlp_base
        if "://" not in endpoint:
            endpoint = f"http://{endpoint}"
        self._endpoint = endpoint
        common: dict[str, Any] = {
            "endpoint": endpoint,
            "insecure": not endpoint.startswith("https://"),
            "credentials": _credentials(settings) if endpoint.startswith("https://") else None,
            "channel_options": _proxy_options(endpoint),
            "headers": tuple(_headers(settings).items()),
            "timeout": timeout_seconds,
            "compression": grpc.Compression.Gzip,
            # One code that no receiver sends: an empty set would mean the default ones.
            "retryable_error_codes": (grpc.StatusCode.DATA_LOSS,),
        }
        self._spans = _WatchedSpans(**common)
        self._logs = _WatchedLogs(**common)

    def carry(
        self, spans: Sequence[ReadableSpan], records: Sequence[ReadableLogRecord]
    ) -> Trouble | Rejection | None:
        """See Carrier."""
        of_records = of_spans = None
        if records:
            if self._logs.export(records) is not LogRecordExportResult.SUCCESS:
                return of_grpc_status(*self._logs.failure, self._endpoint)
            of_records = rejection_in(LOGS, self._logs.answer)
        if spans:
            if self._spans.export(spans) is not SpanExportResult.SUCCESS:
                return of_grpc_status(*self._spans.failure, self._endpoint)
            of_spans = rejection_in(TRACES, self._spans.answer)
        return both(of_records, of_spans)

    def probe(self) -> Trouble | None:
        """See Carrier."""
        if self._spans.export([]) is SpanExportResult.SUCCESS:
            return None
        return of_grpc_status(*self._spans.failure, self._endpoint)

    def close(self) -> None:
        """See Carrier."""
        self._spans.shutdown()
        self._logs.shutdown()


class _Watched:
    """Mixed into a gRPC exporter: remembers why the last attempt failed, or how it was answered.

    The exporter offers no place to ask; it makes its stub anew on reconnection, so the wrapping
    happens there. Should a later version do otherwise, every failure is UNKNOWN, hence waited for.
    """

    failure: tuple[str, str] = ("UNKNOWN", "")
    answer: Message
    _client: Any

    def _initialize_channel_and_stub(self) -> None:
        super()._initialize_channel_and_stub()  # type: ignore[misc]
        self._client = _WatchedStub(self, self._client)


class _WatchedStub:
    def __init__(self, owner: _Watched, stub: Any) -> None:
        self._owner = owner
        self._stub = stub

    def Export(self, **kwargs: Any) -> object:  # noqa: N802  gRPC's name
        try:
            self._owner.answer = cast("Message", self._stub.Export(**kwargs))
        except grpc.RpcError as error:
            call = cast("grpc.Call", error)
            self._owner.failure = (call.code().name, call.details() or "")
            raise
        return self._owner.answer


class _WatchedSpans(_Watched, grpc_spans.OTLPSpanExporter):
    answer = TRACES.response()


class _WatchedLogs(_Watched, grpc_logs.OTLPLogExporter):
    answer = LOGS.response()


def _headers(settings: Settings) -> dict[str, str]:
    own = {"authorization": f"Bearer {settings.api_key}"}
    return own | headers_of(settings.otlp_headers)


def _credentials(settings: Settings) -> grpc.ChannelCredentials:
    certificate = settings.client_certificate
    return grpc.ssl_channel_credentials(
        root_certificates=_bytes_of(ca_file_of(settings)),
        private_key=_bytes_of(settings.client_key or certificate),
        certificate_chain=_bytes_of(certificate),
    )


def _bytes_of(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None


def _proxy_options(endpoint: str) -> tuple[tuple[str, str | int], ...]:
    """gRPC reads variables in lower case only, and takes a proxy for this machine too."""
    proxy = proxy_for(endpoint)
    return (("grpc.http_proxy", proxy),) if proxy else (("grpc.enable_http_proxy", 0),)
