"""Settings of the hook: AGENTAUDIT_* variables, then the config file, then the defaults.

The file is `$XDG_CONFIG_HOME/agentaudit/config.toml` (else `~/.config/…`), with the names below as
top-level keys. `OTEL_*` variables are not read: agents take them out of a hook's environment.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agentaudit_hook.places import home_folder

DEFAULT_BASE_URL = "http://localhost:8000"
PROTOCOLS = ("http/protobuf", "grpc")


class BadSettings(Exception):
    """A setting cannot be used; the text names it, its value's fault and where it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where records go, with which key, on whose behalf."""

    base_url: str = DEFAULT_BASE_URL
    """The server's origin: policy, and OTLP unless `otlp_endpoint` is set."""
    api_key: str = ""
    otlp_endpoint: str = ""
    """Where OTLP goes instead, say a Collector; for HTTP the part before `/v1/traces`."""
    otlp_protocol: str = "http/protobuf"
    user_email: str = ""
    user_id: str = ""
    spool_max_mb: str = "512"
    """What the spool may take on the disk; beyond it the oldest results go, and that is told."""
    heartbeat_seconds: str = "300"
    """How often a relay says of each open session that it is recording; 0 never does."""

    @property
    def spool_max_bytes(self) -> int:
        """`spool_max_mb` in bytes."""
        return int(self.spool_max_mb) * 1024 * 1024

    @property
    def otlp_base(self) -> str:
        """Endpoint without a trailing slash or a signal path."""
        endpoint = (self.otlp_endpoint or self.base_url).rstrip("/")
        return endpoint.removesuffix("/v1/traces").removesuffix("/v1/logs")

    @property
    def policy_url(self) -> str:
        """Where the Policy is fetched."""
        return f"{self.base_url.rstrip('/')}/v1/hook/policy"


def config_path(env: Mapping[str, str]) -> Path:
    """The config file's path; it need not exist."""
    xdg = env.get("XDG_CONFIG_HOME", "")
    folder = Path(xdg) if xdg.startswith("/") else Path(home_folder(dict(env)) or "/") / ".config"
    return folder / "agentaudit" / "config.toml"


def load_settings(env: Mapping[str, str]) -> Settings:
    """Read the settings of an environment.

    Raises:
        BadSettings: the file cannot be read or parsed, or a value cannot be used.
    """
    path = config_path(env)
    told = _file_settings(path)
    sources = dict.fromkeys(told, str(path))
    for name in Settings.__dataclass_fields__:
        variable = f"AGENTAUDIT_{name.upper()}"
        if value := env.get(variable, "").strip():
            told[name], sources[name] = value, variable
    settings = Settings(**told)
    _check(settings, sources)
    return settings


def _file_settings(path: Path) -> dict[str, str]:
    try:
        parsed = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadSettings(f"config file {path}: {error}") from error
    names = Settings.__dataclass_fields__
    for name, value in parsed.items():
        if name not in names:
            raise BadSettings(f"{name} in {path}: unknown; expected one of {', '.join(names)}")
        if not isinstance(value, str):
            raise BadSettings(f"{name} in {path}: expected text, found {type(value).__name__}")
    return parsed


def _check(settings: Settings, sources: Mapping[str, str]) -> None:
    if settings.otlp_protocol not in PROTOCOLS:
        raise BadSettings(
            f"otlp_protocol is {settings.otlp_protocol!r} ({sources['otlp_protocol']}); "
            f"expected {' or '.join(PROTOCOLS)}"
        )
    _check_number("spool_max_mb", settings.spool_max_mb, 16, sources)
    _check_number("heartbeat_seconds", settings.heartbeat_seconds, 0, sources)
    _check_url("base_url", settings.base_url, sources)
    if settings.otlp_endpoint and settings.otlp_protocol != "grpc":
        _check_url("otlp_endpoint", settings.otlp_endpoint, sources)


def _check_number(name: str, value: str, least: int, sources: Mapping[str, str]) -> None:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) >= least):
        raise BadSettings(
            f"{name} is {value!r} ({sources.get(name, 'default')}); "
            f"expected a whole number, {least} or more"
        )


def _check_url(name: str, url: str, sources: Mapping[str, str]) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise BadSettings(
            f"{name} is {url!r} ({sources.get(name, 'default')}); "
            "expected http://HOST:PORT or https://HOST"
        )
