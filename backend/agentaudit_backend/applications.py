"""What each HTTP port of a server serves."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.types import ASGIApp

from agentaudit_backend.api.application import api_application
from agentaudit_backend.api.events import senders_elsewhere
from agentaudit_backend.monitoring import health_app, metrics_app
from agentaudit_backend.outside import provider_of, slack_app_of
from agentaudit_backend.pages.application import install
from agentaudit_backend.parts import Parts
from agentaudit_backend.settings import Settings
from agentaudit_backend.shape import Shape
from agentaudit_backend.workers.pool import workers_for
from agentaudit_processor.otlp import SIGNALS
from agentaudit_processor.receivers.http import otlp_app, otlp_routes

_PORTS = {
    "port": "web",
    "otlp_grpc_port": "OTLP/gRPC",
    "otlp_http_port": "OTLP/HTTP",
    "metrics_port": "metrics",
    "health_port": "health",
}


def _facts(settings: Settings, parts: Parts) -> dict[str, str]:
    """What an admin may know of this process; no address that holds a password."""
    workers = workers_for(settings.workers)
    return {
        "Ports": ", ".join(
            f"{_PORTS[name]} {port or 'a free one'}" for name, port in Shape.SERVE.ports(settings)
        ),
        "Judging": f"{workers} processes beside it" if workers else "in this process",
        "TLS": "on" if settings.tls_cert_file else "off",
        "Received": _received(parts),
        "Forwarding": _forwarded(parts),
        "Log-in by": f"key, {settings.oidc_name}" if settings.oidc_issuer else "key",
    }


def _received(parts: Parts) -> str:
    """By OTLP since this process started; other processors tell their own figures."""
    counts = parts.ingest.tally.snapshot()
    names = [signal.items for signal in SIGNALS]
    told = [
        f"{counts.get(f'receiver_accepted_{name}', 0):,.0f} {name.replace('_', ' ')}"
        for name in names
    ]
    refused = sum(counts.get(f"receiver_refused_{name}", 0) for name in names)
    return f"{', '.join(told)}; {refused:,.0f} refused"


def _forwarded(parts: Parts) -> str:
    if parts.forward is None:
        return "nowhere"
    return ", ".join(
        f"{one.name}: {one.queue.queued_requests + one.in_flight:,} requests waiting"
        for one in parts.forward.destinations
    )


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


APPLICATIONS: dict[str, Callable[[Parts, Settings], ASGIApp]] = {
    "port": web_application,
    "otlp_http_port": _otlp_application,
    "metrics_port": lambda parts, _settings: metrics_app(parts.ingest.tally, parts.forward),
    "health_port": lambda parts, _settings: health_app(parts.store.check),
}
"""What each HTTP port serves, by the name of its setting."""
