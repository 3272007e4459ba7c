"""OTLP/HTTP: `/v1/traces`, `/v1/logs`, `/v1/metrics`, as routes for a web app or alone on a port.

Needs the extra `server`. The key is checked before the body is read; the body is read within the
limit; judging and storing run in worker threads, off the event loop.
"""

import re
import socket
import threading
from asyncio import timeout
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Self

import uvicorn
from anyio import CapacityLimiter, to_thread
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from agentaudit_processor.otlp import MAX_BYTES, SIGNALS, Signal
from agentaudit_processor.receivers.decode import Media, encode
from agentaudit_processor.receivers.failures import (
    RETRY_AFTER_S,
    PortTaken,
    failure_of,
    log_failure,
    outcome_of,
    too_large,
    too_slow,
)
from agentaudit_processor.receivers.inflate import inflate
from agentaudit_processor.receivers.ingest import Ingest
from agentaudit_processor.receivers.patience import PatientProtocol
from agentaudit_processor.receivers.room import LARGEST_AT_ONCE, Held, Room
from agentaudit_processor.receivers.sent_with import sent_with
from agentaudit_processor.receivers.tls import ServerTls

BODY_TIMEOUT_S = 30.0
CORS_MAX_AGE_S = 7200
OLDER_PREFIX = "/v1/otlp"
"""The first product took OTLP below it: an exporter whose base is `…/v1/otlp` keeps working."""


def otlp_routes(ingest: Ingest, *, max_bytes: int = MAX_BYTES) -> list[Route]:
    """The three routes and their older paths, for any Starlette or FastAPI application."""
    limiter = CapacityLimiter(ingest.threads)
    room = Room(LARGEST_AT_ONCE * max_bytes)
    return [
        Route(
            f"{prefix}{signal.path}",
            partial(_export, _Way(ingest, signal, max_bytes, limiter, room)),
            methods=["POST"],
            name=f"otlp_{signal.name}{'_older' if prefix else ''}",
        )
        for prefix in ("", OLDER_PREFIX)
        for signal in SIGNALS
    ]


def otlp_app(
    ingest: Ingest,
    *,
    max_bytes: int = MAX_BYTES,
    cors_origins: Sequence[str] = (),
    beside: ASGIApp | None = None,
) -> ASGIApp:
    """An application of the three routes and `/health`, for a port of its own.

    Args:
        cors_origins: sites whose pages may send, `https://*.example.com`; `*` stands for any text.
        beside: answers every other path.
    """
    routes: list[BaseRoute] = [*otlp_routes(ingest, max_bytes=max_bytes)]
    routes.append(Route("/health", _health))
    if beside is not None:
        routes.append(Mount("", app=beside))
    app = Starlette(routes=routes)
    if not cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origin_regex="|".join(
            re.escape(origin).replace(r"\*", ".*") for origin in cors_origins
        ),
        allow_methods=("POST",),
        allow_headers=("*",),
        expose_headers=("Retry-After",),
        max_age=CORS_MAX_AGE_S,
    )


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


class _Way(NamedTuple):
    """What the requests of one signal go through."""

    ingest: Ingest
    signal: Signal
    max_bytes: int
    limiter: CapacityLimiter
    room: Room
    """The signals share it, and the limiter."""


async def _export(way: _Way, request: Request) -> Response:
    try:
        with way.room.held() as held:
            return await _answer(way, held, request)
    except Exception as error:  # noqa: BLE001  a 500 would make senders drop what they sent
        if not isinstance(error, ClientDisconnect):
            log_failure(way.signal.name, error)
        return _refusal(way.ingest, error, request)


async def _answer(way: _Way, held: Held, request: Request) -> Response:
    ingest, signal, max_bytes, limiter, _ = way
    caller = await to_thread.run_sync(
        ingest.admit, request.headers.get("authorization"), limiter=limiter
    )
    media = Media.of(request.headers.get("content-type"))
    body = await _body_of(request, max_bytes, held)
    encoding = request.headers.get("content-encoding")
    along = sent_with(request.headers.items(), ingest.headers_wanted)

    def work() -> bytes | Exception:
        try:
            inflated = inflate(body, encoding, max_bytes)
            taken = ingest.take_body(
                signal, caller, media, inflated, transport="http", sent_with=along
            )
            return encode(media, signal.answer(taken.rejected, taken.message))
        except Exception as error:  # noqa: BLE001  see below
            # Given back, not raised: in what it is raised from it would hold itself, and so
            # the body, until somebody looks for cycles.
            log_failure(signal.name, error)
            return error.with_traceback(None)

    answer = await to_thread.run_sync(work, limiter=limiter)
    if isinstance(answer, Exception):
        return _refusal(ingest, answer, request)
    ingest.tally.add("receiver_requests", outcome="success", transport="http")
    return Response(answer, media_type=media.value)


async def _body_of(request: Request, max_bytes: int, held: Held) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise too_large(max_bytes)
    body = bytearray()
    try:
        async with timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                if len(body) + len(chunk) > max_bytes:
                    raise too_large(max_bytes)
                held.grow(len(chunk))
                body += chunk
    except TimeoutError:
        raise too_slow(BODY_TIMEOUT_S) from None
    return bytes(body)


def _refusal(ingest: Ingest, error: Exception, request: Request) -> Response:
    """A `google.rpc.Status` in the request's encoding, or in JSON where that is unknown."""
    ingest.tally.add("receiver_requests", outcome=outcome_of(error), transport="http")
    failure = failure_of(error)
    headers = {}
    if failure.is_retryable:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    elif failure.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    content_type = request.headers.get("content-type", "").lower()
    is_protobuf = content_type.startswith(Media.PROTOBUF.value)
    media = Media.PROTOBUF if is_protobuf else Media.JSON
    status: Message = failure.status
    return Response(
        encode(media, status), failure.http_status, headers=headers, media_type=media.value
    )


class HttpReceiver:
    """An ASGI application served from a thread. `port` is the one it is bound to."""

    def __init__(self, server: uvicorn.Server, listening: socket.socket) -> None:
        self._server = server
        self._listening = listening
        self.port: int = listening.getsockname()[1]
        self._thread = threading.Thread(
            target=partial(server.run, sockets=[listening]), name="otlp-http", daemon=True
        )

    @classmethod
    def start(
        cls,
        app: ASGIApp,
        *,
        host: str = "127.0.0.1",
        port: int = 4318,
        tls: ServerTls | None = None,
    ) -> Self:
        """Listen on `host:port`; port 0 picks a free one. Connections wait until it serves.

        Raises:
            PortTaken: somebody listens there, or the address is not ours.
            BadTls: see `ServerTls`.
        """
        context = tls.ssl_context() if tls else None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=2048)
        except OSError as error:
            raise PortTaken(host, port, error.strerror or "not to be had") from None
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            http=PatientProtocol,
            ssl_context_factory=(lambda _config, _default: context) if context else None,
        )
        receiver = cls(uvicorn.Server(config), listening)
        receiver._thread.start()
        return receiver

    def stop(self, grace_s: float = 5.0) -> None:
        """Take no new requests, finish those under way for at most `grace_s` seconds."""
        self._server.should_exit = True
        self._thread.join(grace_s)
        self._server.force_exit = True
        self._thread.join(1.0)
        self._listening.close()
