"""The composition root: settings -> store, judge, receivers, web application; started and stopped.

Three shapes of one program: `serve` has everything, `processor` receives OTLP, `api` has the web
port (dashboard, API, OTLP/HTTP).
"""

import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from threading import Event
from types import FrameType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.types import ASGIApp

from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.alerts.service import Alerting
from agentaudit_backend.api.application import api_application
from agentaudit_backend.api.events import senders_elsewhere
from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.failure import CannotStart
from agentaudit_backend.forwarding import forward_of
from agentaudit_backend.housekeeping import Housekeeping, Indexing, KeyUses
from agentaudit_backend.judging import load_judge
from agentaudit_backend.loss_record import LossRecord
from agentaudit_backend.monitoring import health_app, metrics_app
from agentaudit_backend.opening import open_store
from agentaudit_backend.outside import postman_of, provider_of, slack_app_of
from agentaudit_backend.pages.application import install
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.people import INVITE
from agentaudit_backend.settings import Settings, flag_of, variable_of
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_backend.workers.memory import settle, use_one_heap
from agentaudit_backend.workers.pool import Workers, workers_for
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.failures import PortTaken
from agentaudit_processor.receivers.grpc import GrpcReceiver
from agentaudit_processor.receivers.http import HttpReceiver, otlp_app, otlp_routes
from agentaudit_processor.receivers.ingest import Ingest
from agentaudit_processor.receivers.tls import BadTls, ServerTls
from agentaudit_processor.sinks.forward import OtlpForward

log = logging.getLogger(__name__)

GRACE_S = 10.0
_FIRST_LOGIN = timedelta(hours=1)


class Shape(Enum):
    """Which ports a process opens, by the name of their settings; an unset one stays closed."""

    SERVE = ("port", "otlp_grpc_port", "otlp_http_port", "metrics_port", "health_port")
    PROCESSOR = ("otlp_grpc_port", "otlp_http_port", "metrics_port", "health_port")
    API = ("port", "metrics_port", "health_port")

    def ports(self, settings: Settings) -> Iterator[tuple[str, int]]:
        """Those to open, by name."""
        for name in self.value:
            port = getattr(settings, name)
            if port is not None:
                yield name, port


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the ports have in common."""

    store: Store
    judge: Judge
    ingest: Ingest
    forward: OtlpForward | None
    exporter: Exporter
    postman: Postman


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers. `ports` are the bound ones, by the name of their setting."""

    ports: dict[str, int]
    new_key: str | None
    """The default key, if this start made it."""
    first_login: str | None
    """Path of a link by which the first admin comes in without a key; likewise."""
    _stack: ExitStack

    @classmethod
    def start(cls, settings: Settings, shape: Shape) -> Self:
        """Open the database and every port of `shape`.

        Raises:
            CannotStart: a port is taken, or the data directory or database is not to be had.
        """
        _refuse_unusable(settings, shape)
        with ExitStack() as stack:
            store = open_store(settings)
            stack.callback(store.close)
            new_key = None if shape is Shape.PROCESSOR else store.first_start()
            if new_key:  # at once: whatever fails below, nobody can ever read it again
                print(f"Default API key: {new_key}", flush=True)  # noqa: T201
            first_login = _first_login(store) if new_key else None
            parts = _parts(settings, store, stack)
            uses = KeyUses(store)
            uses.start()
            stack.callback(uses.stop)
            if shape is not Shape.PROCESSOR:
                alerting = Alerting(store, parts.postman)
                workers = (
                    Housekeeping(store, parts.judge),
                    Indexing(store),
                    parts.exporter,
                    alerting,
                )
                for worker in workers:
                    worker.start()
                    stack.callback(worker.stop)
            ports = {
                name: _listen(name, port, settings, parts, stack)
                for name, port in shape.ports(settings)
            }
            return cls(
                ports=ports, new_key=new_key, first_login=first_login, _stack=stack.pop_all()
            )

    def stop(self) -> None:
        """Take nothing new, finish what is under way, close the database."""
        self._stack.close()


def run(settings: Settings, shape: Shape, announce: Callable[[Running], None]) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends the process at once.

    Raises:
        CannotStart: see `Running.start`.
    """
    stopping = Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    use_one_heap()
    running = Running.start(settings, shape)
    settle()
    announce(running)
    stopping.wait()
    log.info("stopping")
    running.stop()


def _first_login(store: Store) -> str:
    """The path of an invitation, so that a key need not be copied to see the dashboard."""
    token = store.people.invite(
        store.default_organization(),
        name="first admin",
        role="admin",
        author="agentaudit serve",
        now=datetime.now(UTC),
        valid=_FIRST_LOGIN,
    )
    return f"{INVITE}/{token}"


def _parts(settings: Settings, store: Store, stack: ExitStack) -> Parts:
    judge = load_judge(settings)
    judge.speed_up_soon()
    losses = LossRecord(store, judge)
    forward = forward_of(settings, losses.add)
    if forward is not None:
        losses.start()
        stack.callback(losses.stop)
        forward.start()
        stack.callback(forward.stop)
    ingest = _ingest(settings, store, judge, forward, stack)
    exporter = _exporter(store, judge, settings)
    return Parts(
        store=store,
        judge=judge,
        ingest=ingest,
        forward=forward,
        exporter=exporter,
        postman=postman_of(settings),
    )


def _ingest(
    settings: Settings, store: Store, judge: Judge, forward: OtlpForward | None, stack: ExitStack
) -> Ingest:
    """The way in, and its own traces where they are asked for."""
    make: Callable[..., Ingest] = Ingest
    if settings.trace_endpoint is not None:
        from agentaudit_backend.own_traces import TracedIngest, tracer_of  # noqa: PLC0415  slow

        make = partial(TracedIngest, tracer_of(settings, stack))
    return make(
        gate=store.access,
        policies=store.access,
        judge=judge,
        store=store,
        forward=forward,
        elsewhere=_workers(settings, store, forward, stack),
    )


def _workers(
    settings: Settings, store: Store, forward: OtlpForward | None, stack: ExitStack
) -> Workers | None:
    count = workers_for(settings.workers)
    if not count:
        return None
    forwarding = None if forward is None else forward.outgoing
    workers = Workers(count, settings, store.write_parts, forwarding=forwarding)
    stack.callback(workers.close)
    return workers


def _listen(name: str, port: int, settings: Settings, parts: Parts, stack: ExitStack) -> int:
    """Open one port and have it closed with `stack`; gives the bound port."""
    receiver: GrpcReceiver | HttpReceiver
    host = settings.host
    with _naming(name):
        tls = _tls(name, settings)
        if name == "otlp_grpc_port":
            age = settings.grpc_max_connection_age
            receiver = GrpcReceiver.start(
                parts.ingest, host=host, port=port, tls=tls, max_connection_age_s=age
            )
        else:
            app = _APPLICATIONS[name](parts, settings)
            receiver = HttpReceiver.start(app, host=host, port=port, tls=tls)
    stack.callback(receiver.stop, GRACE_S)
    return receiver.port


def _tls(name: str, settings: Settings) -> ServerTls | None:
    """People's browsers and probes hold no client certificate; senders may have to."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    return ServerTls(
        cert_file=settings.tls_cert_file,
        key_file=settings.tls_key_file,
        client_ca_file=settings.tls_client_ca_file if name.startswith("otlp_") else None,
    )


def _exporter(store: Store, judge: Judge, settings: Settings) -> Exporter:
    def filter_of(query: str) -> EventFilter:
        return parse(parse_qsl(query)).filter(datetime.now(UTC))

    return Exporter(store, judge, settings.data_dir / "exports", filter_of)


def _facts(settings: Settings, parts: Parts) -> dict[str, str]:
    """What an admin may know of this process; no address that holds a password."""
    workers = workers_for(settings.workers)
    return {
        "Ports": ", ".join(
            f"{flag_of(name).removeprefix('--')} {port}"
            for name, port in Shape.SERVE.ports(settings)
        ),
        "Judging": f"{workers} processes beside it" if workers else "in this process",
        "TLS": "on" if settings.tls_cert_file else "off",
        "Forwarding": "nowhere" if parts.forward is None else "on",
        "Log-in by": f"key, {settings.oidc_name}" if settings.oidc_issuer else "key",
    }


def web_application(parts: Parts, settings: Settings) -> Starlette:
    """What the web port serves: API, OTLP over HTTP, dashboard."""
    app = api_application(
        store=parts.store,
        judge=parts.judge,
        slack=slack_app_of(settings),
        guard=parts.postman.guard,
    )
    if settings.tls_client_ca_file is None:
        app.router.routes.extend(otlp_routes(parts.ingest))
    else:  # the port for people, who show no certificate, would be a way round it
        app.router.routes.insert(0, senders_elsewhere())
    install(
        app,
        store=parts.store,
        judge=parts.judge,
        exporter=parts.exporter,
        postman=parts.postman,
        provider=provider_of(settings),
        system=lambda: _facts(settings, parts),
        public_url=settings.public_url or "",
    )
    return app


def _otlp_application(parts: Parts, settings: Settings) -> ASGIApp:
    """What the OTLP/HTTP port serves: the API too where it alone may be sent to."""
    api = None
    if settings.tls_client_ca_file is not None:
        api = api_application(store=parts.store, judge=parts.judge)
    return otlp_app(parts.ingest, cors_origins=settings.cors_allowed_origins, beside=api)


_APPLICATIONS: dict[str, Callable[[Parts, Settings], ASGIApp]] = {
    "port": web_application,
    "otlp_http_port": _otlp_application,
    "metrics_port": lambda parts, _settings: metrics_app(parts.ingest.tally, parts.forward),
    "health_port": lambda parts, _settings: health_app(parts.store.check),
}
"""What each HTTP port serves, by the name of its setting."""


def _refuse_unusable(settings: Settings, shape: Shape) -> None:
    """Fail before anything is made: a first start must not print a key and then die."""
    _refuse_a_mirror(settings, shape)
    for name, port in shape.ports(settings):
        with _naming(name):
            if tls := _tls(name, settings):
                tls.ssl_context()
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with _naming(name):
            try:
                socket.create_server((settings.host, port), family=family).close()
            except OSError as problem:
                why = (problem.strerror or str(problem)).partition(" (while")[0]
                raise PortTaken(settings.host, port, why) from None


def _refuse_a_mirror(settings: Settings, shape: Shape) -> None:
    """The server's own traces must not be what it traces."""
    url = urlsplit(settings.trace_endpoint or "")
    if url.hostname in ("localhost", "127.0.0.1", "::1", settings.host):
        for name, port in shape.ports(settings):
            if port and port == url.port:
                other = f"{flag_of(name)} is {port}: the server cannot send its traces to itself"
                raise CannotStart(f"--trace-endpoint {settings.trace_endpoint}: {other}")


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except BadTls as wrong:
        raise CannotStart(f"--tls-cert-file / --tls-key-file: {wrong}") from None
    except PortTaken as taken:
        other = f"{flag_of(name)} or {variable_of(name)}"
        raise CannotStart(f"{taken}. Choose another with {other}.") from None
