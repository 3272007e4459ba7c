"""`agentaudit doctor`: is the server that these settings describe well? Changes nothing.

Asked are the database, the ports of a running server, its certificate, and where it forwards to.
"""

import argparse
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from agentaudit_backend.commands.console import DONE, FAILED, printable, say, say_json
from agentaudit_backend.commands.options import add_json, add_settings
from agentaudit_backend.commands.serving import SETTINGS
from agentaudit_backend.failure import CannotStart
from agentaudit_backend.settings import DATABASE_FILE, Settings, flag_of
from agentaudit_processor.ports import Unavailable

_TIMEOUT_S = 3.0
_SOON_DAYS = 14
_HTTP_PORTS = {
    "port": "/health",
    "otlp_http_port": "/health",
    "metrics_port": "/metrics",
    "health_port": "/",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One thing that was looked at. `remedy` is empty where it is well."""

    name: str
    found: str
    remedy: str = ""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verb to the parser."""
    help_ = "look whether the running server with these settings is well"
    verb = verbs.add_parser(
        "doctor", help=help_, description=f"Example: agentaudit doctor. {help_.capitalize()}."
    )
    verb.add_argument("--server", action="store_true", help="the server: what is meant anyway")
    add_json(verb)
    add_settings(verb, SETTINGS["serve"])
    verb.set_defaults(command=_doctor)


def _doctor(settings: Settings, chosen: argparse.Namespace) -> int:
    checked = [one for check in _CHECKS for one in check(settings)]
    code = FAILED if any(one.remedy for one in checked) else DONE
    if chosen.json:
        told = [asdict(one) | {"state": "fail" if one.remedy else "ok"} for one in checked]
        say_json(failed=sum(bool(one.remedy) for one in checked), checks=told)
        return code
    for one in checked:
        say(f"{'FAIL' if one.remedy else 'ok':<5}{one.name:<16} {printable(one.found)}")
        if one.remedy:
            say(f"     {'':<16} {one.remedy}")
    return code


def _database(settings: Settings) -> Iterator[Checked]:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  takes a second

    from agentaudit_backend.store.database import BadUrl, open_engine  # noqa: PLC0415
    from agentaudit_backend.store.migrate import is_current  # noqa: PLC0415

    path = settings.data_dir / DATABASE_FILE
    if settings.database_url is None and not path.exists():
        yield Checked(name="database", found=f"no {path}", remedy="Start the server once.")
        return
    try:
        engine = open_engine(settings.store_url)
        is_up_to_date = is_current(engine)
        engine.dispose()
    except (SQLAlchemyError, BadUrl, Unavailable) as problem:
        reason = type(problem).__name__  # its text may hold the password
        yield Checked(name="database", found=reason, remedy="Look at --database-url, and at it.")
        return
    yield Checked(
        name="database",
        found="answers" + ("" if is_up_to_date else ", but lacks migrations"),
        remedy="" if is_up_to_date else "Run agentaudit migrate.",
    )


def _ports(settings: Settings) -> Iterator[Checked]:
    for name in ("otlp_grpc_port", *_HTTP_PORTS):
        port = getattr(settings, name)
        if not port:
            continue
        wrong = _http(settings, port, _HTTP_PORTS[name]) if name in _HTTP_PORTS else None
        if name == "otlp_grpc_port":
            wrong = _unreachable(_host(settings), port)
        yield Checked(
            name=flag_of(name).removeprefix("--"),
            found=f"{port}: {wrong or 'answers'}",
            remedy=f"Is the server running? {flag_of(name)} names its port." if wrong else "",
        )


def _certificate(settings: Settings) -> Iterator[Checked]:
    if settings.tls_cert_file is None:
        return
    name, path = "certificate", settings.tls_cert_file
    try:
        ends = _end_of(path)
    except (OSError, ValueError) as problem:
        yield Checked(name=name, found=f"{path}: {problem}", remedy="Look at --tls-cert-file.")
        return
    days = (ends - datetime.now(UTC)).days
    soon = days < _SOON_DAYS
    found = f"good until {ends:%Y-%m-%d}, {days} days"
    yield Checked(name=name, found=found, remedy="Renew it; no restart is needed." if soon else "")


def _destinations(settings: Settings) -> Iterator[Checked]:
    from agentaudit_backend.forwarding import endpoints_of  # noqa: PLC0415  takes a second

    try:
        endpoints = endpoints_of(settings)
    except CannotStart as problem:
        yield Checked(name="forwarding", found=str(problem), remedy="Look at --forward-file.")
        return
    for name, endpoint in endpoints.items():
        yield _destination(
            "forwarding", name, endpoint, "Copies wait in its queue until it is there."
        )


def _own_traces(settings: Settings) -> Iterator[Checked]:
    if settings.trace_endpoint is not None:
        remedy = "The server's own spans are lost meanwhile, nothing else."
        yield _destination("own traces", settings.trace_protocol, settings.trace_endpoint, remedy)


def _destination(name: str, part: str, endpoint: str, remedy: str) -> Checked:
    parts = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    default = 443 if parts.scheme == "https" else 4317
    wrong = _unreachable(parts.hostname or "", parts.port or default)
    found = f"{part}: {wrong or 'can be reached'}"
    return Checked(name=name, found=found, remedy=remedy if wrong else "")


_CHECKS: tuple[Callable[[Settings], Iterator[Checked]], ...] = (
    _database,
    _ports,
    _certificate,
    _destinations,
    _own_traces,
)


def _host(settings: Settings) -> str:
    """Where this machine reaches a server that may listen on all addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104


def _http(settings: Settings, port: int, path: str) -> str | None:
    """What is wrong with an HTTP port; None where it answers well."""
    host = _host(settings)
    if settings.tls_cert_file is not None:  # its name and client certificates are for senders
        return _unreachable(host, port)
    shown = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{shown}:{port}{path}", timeout=_TIMEOUT_S):
            return None
    except urllib.error.HTTPError as refused:
        return f"answers {refused.code}"
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        return str(getattr(reason, "strerror", None) or reason)


def _unreachable(host: str, port: int) -> str | None:
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_S):
            return None
    except OSError as problem:
        return problem.strerror or str(problem)


def _end_of(path: Path) -> datetime:
    text = path.read_text(encoding="ascii")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first = text[text.index(begin) : text.index(end) + len(end)]
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415  takes a while

    return load_der_x509_certificate(ssl.PEM_cert_to_DER_cert(first)).not_valid_after_utc
