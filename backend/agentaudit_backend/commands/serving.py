"""`agentaudit serve | processor | api`: the servers, until they are told to stop."""

import argparse
import logging
import sys
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import DONE, say
from agentaudit_backend.commands.options import STORE, add_settings
from agentaudit_backend.settings import Settings
from agentaudit_processor import __version__

if TYPE_CHECKING:  # what it imports takes seconds, and `--help` needs none of it
    from agentaudit_backend.app import Running

_TLS = ("tls_cert_file", "tls_key_file", "tls_client_ca_file")
_TRACES = ("trace_endpoint", "trace_protocol", "trace_ratio")
_OWN = (*_TLS, "metrics_port", "health_port", *_TRACES, "log_format", "workers", "packs_dir")
_GRPC = ("otlp_grpc_port", "grpc_max_connection_age")
_HTTP = ("otlp_http_port", "cors_allowed_origins")
_FORWARD = (
    "forward_endpoint",
    "forward_protocol",
    "forward_headers",
    "forward_file",
    "forward_detections",
    "forward_log_spans",
)
_SLACK = ("slack_signing_secret_file", "slack_people_file")
_ALERTS = ("public_url", "smtp_url", "smtp_from", "alert_networks", *_SLACK)
_SSO = (
    "oidc_issuer",
    "oidc_client_id",
    "oidc_client_secret_file",
    "oidc_name",
    "oidc_role_claim",
    "oidc_admins",
    "oidc_auditors",
)
SETTINGS: dict[str, tuple[str, ...]] = {
    "serve": ("host", "port", *_GRPC, *_HTTP, *_OWN, *STORE, *_FORWARD, *_ALERTS, *_SSO),
    "processor": ("host", *_GRPC, *_HTTP, *_OWN, *STORE, *_FORWARD),
    "api": ("host", "port", *_OWN, *STORE, *_FORWARD, *_ALERTS, *_SSO),
}
"""The settings of each server."""
_HELP = {
    "serve": "everything in one process: dashboard, API and OTLP receivers",
    "processor": "the OTLP receivers alone, beside others on one database",
    "api": "the web port alone: dashboard, API, OTLP/HTTP",
}


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verbs to the parser."""
    for name, help_ in _HELP.items():
        verb = verbs.add_parser(
            name, help=help_, description=f"Example: agentaudit {name}. Run {help_}."
        )
        add_settings(verb, SETTINGS[name])
        verb.set_defaults(command=_serve, shape=name)


def _serve(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.app import run  # noqa: PLC0415  takes seconds
    from agentaudit_backend.shape import Shape  # noqa: PLC0415

    if not settings.is_local and settings.tls_cert_file is None:
        logging.getLogger(__name__).warning(
            "listening on %s without TLS: API keys and audit data can be read on the way. "
            "Put a TLS proxy in front, or use --host 127.0.0.1.",
            settings.host,
        )
    run(settings, Shape[chosen.shape.upper()], lambda running: announce(settings, running))
    return DONE


def announce(settings: Settings, running: "Running") -> None:
    """Say where the server answers, and how to log in for the first time."""
    host = "localhost" if settings.is_local else settings.host
    host = f"[{host}]" if ":" in host else host
    scheme = "http" if settings.tls_cert_file is None else "https"
    lines = [f"AgenticAudit {__version__}"]
    for name, label, path in (
        ("port", "Dashboard", "/dashboard"),
        ("otlp_grpc_port", "OTLP/gRPC", ""),
        ("otlp_http_port", "OTLP/HTTP", ""),
        ("metrics_port", "Metrics", "/metrics"),
        ("health_port", "Health", "/"),
    ):
        if name in running.ports:
            lines.append(f"  {label:<10} {scheme}://{host}:{running.ports[name]}{path}")
    if running.first_login is not None and "port" in running.ports:
        address = f"{scheme}://{host}:{running.ports['port']}{running.first_login}"
        lines.append(f"  {'Log in':<10} {address}  (counts once, for an hour)")
    place = settings.data_dir if settings.database_url is None else "the database given"
    lines.append(f"  {'Data':<10} {place}")
    say("\n".join(lines))
    sys.stdout.flush()  # who waits for the ports reads a pipe
