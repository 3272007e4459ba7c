"""OTLP/gRPC: TraceService, LogsService, MetricsService, and the health service.

The methods are registered as taking a stream, which on the wire is the same for a caller that sends
one message. So the key is checked before the body is even received, let alone parsed; and calls
that wait for a worker hold no body in memory. Ack means stored.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Timer
from typing import Self

import grpc

from agentaudit_processor.otlp import MAX_BYTES, SIGNALS, Signal
from agentaudit_processor.ports import Unavailable
from agentaudit_processor.receivers.decode import Media
from agentaudit_processor.receivers.failures import (
    PortTaken,
    failure_of,
    log_failure,
    outcome_of,
    too_large,
)
from agentaudit_processor.receivers.ingest import Ingest
from agentaudit_processor.receivers.sent_with import sent_with
from agentaudit_processor.receivers.tls import ServerTls

BODY_TIMEOUT_S = 30.0
HEALTH_METHOD = "/grpc.health.v1.Health/Check"
_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"  # HealthCheckResponse{status: …}

Answer = Callable[[Iterator[bytes], grpc.ServicerContext], bytes]


class GrpcReceiver:
    """A listening server. `port` is the one it is bound to."""

    def __init__(self, server: grpc.Server, port: int) -> None:
        self._server = server
        self.port = port
        self.is_serving = True

    @classmethod
    def start(
        cls,
        ingest: Ingest,
        *,
        host: str = "127.0.0.1",
        port: int = 4317,
        threads: int | None = None,
        max_bytes: int = MAX_BYTES,
        tls: ServerTls | None = None,
        max_connection_age_s: float | None = None,
    ) -> Self:
        """Listen on `host:port`; port 0 picks a free one.

        Args:
            threads: requests at a time; unless told, what suits `ingest`.
            max_connection_age_s: a connection this old is asked to close, so that a balancer in
                front can choose anew; calls under way have 30 s to finish.

        Raises:
            PortTaken: somebody listens there, or the address is not ours.
            BadTls: see `ServerTls`.
        """
        server = grpc.server(
            ThreadPoolExecutor(
                max_workers=threads or ingest.threads, thread_name_prefix="otlp-grpc"
            ),
            compression=grpc.Compression.NoCompression,
            options=[
                ("grpc.max_receive_message_length", max_bytes),  # holds after decompression too
                ("grpc.so_reuseport", 0),  # else a second server takes half the calls in silence
                # Senders that keep their connection alive by pings must not be cut off for it.
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
                *_age(max_connection_age_s),
            ],
        )
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            bound = (
                server.add_secure_port(address, tls.grpc_credentials())
                if tls
                else server.add_insecure_port(address)
            )
        except RuntimeError:
            raise PortTaken(host, port, "the address is taken or not to be had") from None
        receiver = cls(server, bound)
        for signal in SIGNALS:
            _register(server, signal.method, partial(_export, ingest, signal, max_bytes))
        _register(server, HEALTH_METHOD, receiver._health)
        server.start()
        return receiver

    def stop(self, grace_s: float = 5.0) -> None:
        """Take no new calls, finish those under way for at most `grace_s` seconds."""
        self.is_serving = False
        self._server.stop(grace_s).wait()

    def _health(self, requests: Iterator[bytes], _context: grpc.ServicerContext) -> bytes:
        next(requests, None)
        return _SERVING if self.is_serving else _NOT_SERVING


def _age(max_connection_age_s: float | None) -> list[tuple[str, int]]:
    if max_connection_age_s is None:
        return []
    return [
        ("grpc.max_connection_age_ms", int(max_connection_age_s * 1000)),
        ("grpc.max_connection_age_grace_ms", 30_000),
    ]


def _register(server: grpc.Server, method: str, answer: Answer) -> None:
    service, _, name = method.removeprefix("/").rpartition("/")
    handler = grpc.stream_unary_rpc_method_handler(answer)  # bytes in, bytes out
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {name: handler}),)
    )


def _export(
    ingest: Ingest,
    signal: Signal,
    max_bytes: int,
    requests: Iterator[bytes],
    context: grpc.ServicerContext,
) -> bytes:
    try:
        caller = ingest.admit(_authorization(context))
        body = _body_of(requests, context)
        if body is None:
            # Nothing came: the caller went away, or gRPC refused a message over its limit.
            raise too_large(max_bytes)
        if not context.is_active():
            # Its sender has given up: what it sends again must not be stored behind its back.
            raise Unavailable("the call ended before it was taken")
        along = sent_with(context.invocation_metadata(), ingest.headers_wanted)
        taken = ingest.take_body(signal, caller, Media.PROTOBUF, body, sent_with=along)
        ingest.tally.add("receiver_requests", outcome="success", transport="grpc")
        return signal.answer(taken.rejected, taken.message).SerializeToString()
    except Exception as error:  # noqa: BLE001  gRPC would answer UNKNOWN, which senders do not retry
        ingest.tally.add("receiver_requests", outcome=outcome_of(error), transport="grpc")
        log_failure(signal.name, error)
        # else it would hold this frame, and so the body, until somebody looks for cycles
        failure = failure_of(error).with_traceback(None)
    context.set_trailing_metadata(
        (("grpc-status-details-bin", failure.status.SerializeToString()),)
    )
    context.abort(failure.code, failure.message)
    raise AssertionError("abort raises")


def _body_of(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes | None:
    """Wait for the message, but not for ever: a laptop that was shut must not keep a worker."""
    timer = Timer(BODY_TIMEOUT_S, context.cancel)
    timer.daemon = True
    timer.start()
    try:
        return next(requests, None)
    except grpc.RpcError:  # its caller went away, or gRPC has refused it already
        raise Unavailable("the call ended before it was taken") from None
    finally:
        timer.cancel()


def _authorization(context: grpc.ServicerContext) -> str | None:
    for key, value in context.invocation_metadata():
        if key == "authorization":
            return value if isinstance(value, str) else None
    return None
