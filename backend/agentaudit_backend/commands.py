"""The verbs of `agentaudit`: serve, processor, api, migrate, key, policy, rules.

Exit codes: 0 done; 1 it could not be done, and stderr says why; 2 the command line is wrong.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from agentaudit_backend import policy_command, rules_command
from agentaudit_backend.failure import CannotStart
from agentaudit_backend.settings import (
    BadSettings,
    Settings,
    default_of,
    flag_of,
    load_settings,
    variable_of,
)
from agentaudit_backend.store.roles import ROLES
from agentaudit_processor import __version__
from agentaudit_processor.ports import Unavailable

_STORE = ("data_dir", "database_url", "log_level")
_TLS = ("tls_cert_file", "tls_key_file", "tls_client_ca_file")
_OWN = (*_TLS, "metrics_port", "health_port", "packs_dir")
_GRPC = ("otlp_grpc_port", "grpc_max_connection_age")
_HTTP = ("otlp_http_port", "cors_allowed_origins")
_FORWARD = (
    "forward_endpoint",
    "forward_protocol",
    "forward_headers",
    "forward_file",
    "forward_detections",
)
_NAMES: dict[str, tuple[str, ...]] = {
    "serve": ("host", "port", *_GRPC, *_HTTP, *_OWN, *_STORE, *_FORWARD),
    "processor": ("host", *_GRPC, *_HTTP, *_OWN, *_STORE, *_FORWARD),
    "api": ("host", "port", *_OWN, *_STORE, *_FORWARD),
    "migrate": _STORE,
}
_HELP = {
    "serve": "everything in one process: dashboard, API and OTLP receivers",
    "processor": "the OTLP receivers alone, beside others on one database",
    "api": "the web port alone: dashboard, API, OTLP/HTTP",
}

if TYPE_CHECKING:  # what these import takes seconds, and `--help` needs none of it
    from agentaudit_backend.app import Running
    from agentaudit_backend.store.keys import KeyRow
    from agentaudit_backend.store.store import Store

Arguments = argparse.Namespace
Command = Callable[[Settings, Arguments], int]


def settings_of(verb: str) -> tuple[str, ...]:
    """The settings that a verb knows."""
    return _NAMES[verb]


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    parsed = _parser().parse_args(arguments)
    given = {
        name: value
        for name, value in vars(parsed).items()
        if name in Settings.model_fields and value is not None
    }
    try:
        settings = load_settings(given)
        logging.basicConfig(
            level=settings.log_level.upper(),
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )
        for chatty in ("alembic", "uvicorn"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        command: Command = parsed.command
        return command(settings, parsed)
    except (BadSettings, CannotStart, LookupError, Unavailable) as problem:
        print(f"agentaudit: {problem}", file=sys.stderr)  # noqa: T201
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agentaudit",
        description="Record, judge, stop and prove every tool call of AI coding agents.",
        epilog="Every option is also a variable: --otlp-grpc-port is AGENTAUDIT_OTLP_GRPC_PORT.",
    )
    parser.add_argument("--version", action="version", version=f"agentaudit {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, help_ in _HELP.items():
        verb = verbs.add_parser(name, help=help_, description=f"Run {help_}.")
        _add_settings(verb, settings_of(name))
        verb.set_defaults(command=_serving(name))
    migrate = verbs.add_parser("migrate", help="bring the database's tables up to date")
    _add_settings(migrate, _STORE)
    migrate.set_defaults(command=_migrate)
    for verb in policy_command.add(verbs):
        _add_settings(verb, (*_STORE, "packs_dir"))
    for verb in rules_command.add(verbs):
        _add_settings(verb, ("packs_dir",))
    _add_key_verbs(verbs.add_parser("key", help="make, list and revoke API keys"))
    return parser


def _add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    for name in names:
        default = default_of(name)
        parser.add_argument(
            flag_of(name),
            dest=name,
            metavar=name.rsplit("_", 1)[-1].upper(),
            help=f"{Settings.model_fields[name].description} [{variable_of(name)}"
            f"{f', default {default}' if default else ''}]".replace("%", "%%"),
        )


def _add_key_verbs(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make a key and print it, once")
    create.add_argument("--role", choices=ROLES, default="ingest", help="default: %(default)s")
    create.add_argument("--name", default="", help="what or whom it is for")
    create.add_argument("--days", type=int, help="days until it expires; never, if not given")
    create.set_defaults(command=_create_key)
    listing = verbs.add_parser("list", help="show all keys, without their secret part")
    listing.set_defaults(command=_list_keys)
    revoke = verbs.add_parser("revoke", help="refuse a key from now on")
    revoke.add_argument("key", help="its id or prefix, as `key list` shows them")
    revoke.set_defaults(command=_revoke_key)
    for verb in (create, listing, revoke):
        _add_settings(verb, _STORE)


def _serving(name: str) -> Command:
    def serve(settings: Settings, _arguments: Arguments) -> int:
        from agentaudit_backend.app import Shape, run  # noqa: PLC0415  takes seconds

        if not settings.is_local and settings.tls_cert_file is None:
            logging.getLogger(__name__).warning(
                "listening on %s without TLS: API keys and audit data can be read on the way. "
                "Put a TLS proxy in front, or use --host 127.0.0.1.",
                settings.host,
            )
        run(settings, Shape[name.upper()], lambda running: _announce(settings, running))
        return 0

    return serve


def _announce(settings: Settings, running: "Running") -> None:
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
    place = settings.data_dir if settings.database_url is None else "the database given"
    lines.append(f"  {'Data':<10} {place}")
    print("\n".join(lines), flush=True)  # noqa: T201


def _migrate(settings: Settings, _arguments: Arguments) -> int:
    _with_store(settings, lambda _store: None)
    print("The database is up to date.")  # noqa: T201
    return 0


def _create_key(settings: Settings, arguments: Arguments) -> int:
    days: int | None = arguments.days
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)

    def create(store: "Store") -> None:
        key = store.create_key(
            store.default_organization(),
            role=arguments.role,
            name=arguments.name,
            expires_at=expires_at,
        )
        print(key)  # noqa: T201

    return _with_store(settings, create)


def _list_keys(settings: Settings, _arguments: Arguments) -> int:
    def show(store: "Store") -> None:
        print(f"{'ID':>4}  {'PREFIX':<16} {'ROLE':<8} {'CREATED':<11} {'STATE':<11} NAME")  # noqa: T201
        for key in store.list_keys(store.default_organization()):
            print(  # noqa: T201
                f"{key.id:>4}  {key.prefix:<16} {key.role:<8} {key.created_at:%Y-%m-%d}  "
                f"{_state(key):<11} {_printable(key.name)}"
            )

    return _with_store(settings, show)


def _revoke_key(settings: Settings, arguments: Arguments) -> int:
    def revoke(store: "Store") -> None:
        revoked = store.revoke_key(store.default_organization(), arguments.key)
        if not revoked:
            raise LookupError(f"no key in force has the id or prefix {arguments.key!r}")
        for key in revoked:
            print(f"Revoked {key.prefix}… ({key.role}); servers refuse it within 2 seconds.")  # noqa: T201

    return _with_store(settings, revoke)


def _with_store(settings: Settings, use: Callable[["Store"], Any]) -> int:
    from agentaudit_backend.opening import open_store  # noqa: PLC0415  takes a second

    store = open_store(settings)
    try:
        use(store)
    finally:
        store.close()
    return 0


def _state(key: "KeyRow") -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at and key.expires_at <= datetime.now(UTC):
        return "expired"
    return "in force"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
