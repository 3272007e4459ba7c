"""The ports of a server: opened with their TLS, or refused before anything is made."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from agentaudit_backend.applications import APPLICATIONS
from agentaudit_backend.failure import CannotStart
from agentaudit_backend.parts import Parts
from agentaudit_backend.settings import Settings, flag_of, variable_of
from agentaudit_backend.shape import Shape
from agentaudit_processor.receivers.failures import PortTaken
from agentaudit_processor.receivers.grpc import GrpcReceiver
from agentaudit_processor.receivers.http import HttpReceiver
from agentaudit_processor.receivers.tls import BadTls, ServerTls

GRACE_S = 10.0


def listen(name: str, port: int, settings: Settings, parts: Parts, stack: ExitStack) -> int:
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
            app = APPLICATIONS[name](parts, settings)
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


def refuse_unusable(settings: Settings, shape: Shape) -> None:
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
