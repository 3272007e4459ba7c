"""The hook's settings: an administrator's file, AGENTAUDIT_* variables, the user's file, defaults.

Both files hold the names below as top-level keys. `OTEL_*` variables are not read: agents take them
out of a hook's environment. Nothing is read from a repository: who clones one must not have his
records, or his key, sent where its author wants them.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from agentaudit_hook.places import home_folder
from agentaudit_processor.policy import Capture, CapturePolicy, Naming

MANAGED_PATH = Path(
    "/Library/Application Support/agentaudit/config.toml"
    if sys.platform == "darwin"
    else "/etc/agentaudit/config.toml"
)
"""What an administrator decides for all users of this machine."""
DEFAULT_ORIGIN = "default"
DEFAULT_BASE_URL = "http://localhost:8000"
SHOWN_OF_KEY = 12
PROTOCOLS = ("http/protobuf", "grpc")
_PORTS = {"http": 80, "https": 443}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
"""Where a Collector may be beside the agent."""


_CHOICES: dict[str, type[StrEnum]] = {
    "capture_arguments": Capture,
    "capture_results": Capture,
    "capture_prompts": Capture,
    "capture_user": Naming,
}


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
    otlp_headers: str = ""
    """Headers sent with OTLP, `name=value,name=value`; `authorization` replaces the key there."""
    ca_file: str = ""
    """PEM file of the certificate authorities by which servers are known."""
    client_certificate: str = ""
    """PEM file by which this machine is known to a server that asks for it."""
    client_key: str = ""
    """PEM file of its key, if `client_certificate` does not hold that too; not encrypted."""
    user_email: str = ""
    user_id: str = ""
    capture_arguments: str = "full"
    """At most this much is sent: full, masked, hash or off. The policy may say less."""
    capture_results: str = "full"
    capture_prompts: str = "full"
    capture_user: str = "email"
    """At most this much of the user's name is sent: email, name or hash."""
    never_paths: str = ""
    """Globs, parted by `;`, of files whose content is never sent."""
    never_commands: str = ""
    """Globs, parted by `;`, of commands whose text and output are never sent."""
    spool_max_mb: str = "512"
    """What the spool may take on the disk; beyond it the oldest results go, and that is told."""
    heartbeat_seconds: str = "300"
    """How often a relay says of each open session that it is recording; 0 never does."""

    packs_dir: str = ""
    """Directory of own packs of rules, `*.yaml`; the server has a setting of the same name."""

    @property
    def spool_max_bytes(self) -> int:
        """`spool_max_mb` in bytes."""
        return int(self.spool_max_mb) * 1024 * 1024

    @property
    def capture(self) -> CapturePolicy:
        """What this machine lets out at most."""
        return CapturePolicy(
            arguments=Capture(self.capture_arguments),
            results=Capture(self.capture_results),
            prompts=Capture(self.capture_prompts),
            user=Naming(self.capture_user),
            never_paths=_globs(self.never_paths),
            never_commands=_globs(self.never_commands),
        )

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
        BadSettings: a file cannot be read or parsed, or a value cannot be used.
    """
    return settings_and_origins(env)[0]


def settings_and_origins(env: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """The settings, and where each comes from: a file's path, a variable, or `default`.

    Raises:
        BadSettings: a file cannot be read or parsed, or a value cannot be used.
    """
    told: dict[str, str] = {}
    origins = dict.fromkeys(Settings.__dataclass_fields__, DEFAULT_ORIGIN)
    for found, origin in _layers(env):
        told |= found
        origins |= {name: origin or variable_of(name) for name in found}
    settings = Settings(**told)
    checked(settings, origins)
    _check_key_stays(settings, origins, env)
    return settings, origins


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"AGENTAUDIT_{name.upper()}"


def shown_key(key: str) -> str:
    """As much of a key as tells it from others."""
    return f"{key[:SHOWN_OF_KEY]}…" if key else ""


def config_stamps(env: Mapping[str, str]) -> tuple[tuple[int, int] | None, ...]:
    """Time and size of both files, to see a change; None for one that is not there."""
    return tuple(_stamp(path) for path in (config_path(env), MANAGED_PATH))


def _layers(env: Mapping[str, str]) -> Iterator[tuple[dict[str, str], str]]:
    """What each source says, the weakest first; "" stands for the variable of each name."""
    user = config_path(env)
    yield file_settings(user), str(user)
    said = {name: env.get(variable_of(name), "").strip() for name in Settings.__dataclass_fields__}
    yield {name: value for name, value in said.items() if value}, ""
    yield file_settings(MANAGED_PATH), str(MANAGED_PATH)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def file_settings(path: Path) -> dict[str, str]:
    """What a config file says; {} if there is none.

    Raises:
        BadSettings: it cannot be read or parsed, or holds what is no setting.
    """
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


def readable_part(path: Path) -> dict[str, str]:
    """What can be read of a config file that may not be right; {} if that is nothing."""
    try:
        parsed = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    names = Settings.__dataclass_fields__
    return {name: told for name, told in parsed.items() if name in names and isinstance(told, str)}


def checked(settings: Settings, origins: Mapping[str, str] | None = None) -> Settings:
    """The same settings, each value of which can be used.

    Raises:
        BadSettings: one cannot; `origins` tell where it comes from.
    """
    _check(settings, origins or dict.fromkeys(Settings.__dataclass_fields__, DEFAULT_ORIGIN))
    return settings


def _check_key_stays(
    settings: Settings, origins: Mapping[str, str], env: Mapping[str, str]
) -> None:
    """A key in a file is for the server that the files name: no variable may send it elsewhere.

    What sets variables may come with a repository; what stands in the file was put there by hand.
    """
    variables = {variable_of(name) for name in origins}
    if not settings.api_key or origins["api_key"] in variables | {DEFAULT_ORIGIN}:
        return
    filed = file_settings(config_path(env)) | file_settings(MANAGED_PATH)
    home = filed.get("base_url", DEFAULT_BASE_URL)
    hosts = {*_THIS_MACHINE, _server_of(home)[1], _server_of(filed.get("otlp_endpoint", home))[1]}
    for name in ("base_url", "otlp_endpoint"):
        url = getattr(settings, name)
        server = _server_of(url)
        is_meant = server == _server_of(home) if name == "base_url" else server[1] in hosts
        if url and origins[name] in variables and not is_meant:
            raise BadSettings(
                f"{name} is {url!r} ({origins[name]}), but api_key stands in {origins['api_key']} "
                f"for {home}: it is not sent where a variable alone says so. Use "
                f"`agentaudit-hook login --server`, or `config set {name} {url}`, or set "
                f"{variable_of('api_key')} as well"
            )


def _server_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; nothing of what is no address."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None


def _check(settings: Settings, sources: Mapping[str, str]) -> None:
    if settings.otlp_protocol not in PROTOCOLS:
        raise BadSettings(
            f"otlp_protocol is {settings.otlp_protocol!r} ({sources['otlp_protocol']}); "
            f"expected {' or '.join(PROTOCOLS)}"
        )
    _check_number("spool_max_mb", settings.spool_max_mb, 16, sources)
    _check_number("heartbeat_seconds", settings.heartbeat_seconds, 0, sources)
    for name, choices in _CHOICES.items():
        _check_choice(name, getattr(settings, name), choices, sources)
    _check_network(settings, sources)
    _check_url("base_url", settings.base_url, sources)
    if settings.otlp_endpoint and settings.otlp_protocol != "grpc":
        _check_url("otlp_endpoint", settings.otlp_endpoint, sources)


def _check_number(name: str, value: str, least: int, sources: Mapping[str, str]) -> None:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) >= least):
        raise BadSettings(
            f"{name} is {value!r} ({sources.get(name, 'default')}); "
            f"expected a whole number, {least} or more"
        )


def _check_choice(
    name: str, value: str, choices: type[StrEnum], sources: Mapping[str, str]
) -> None:
    if value not in list(choices):
        told = f"{name} is {value!r} ({sources.get(name, 'default')})"
        raise BadSettings(f"{told}; expected one of {', '.join(choices)}")


def _globs(told: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, told.split(";"))))


def _check_network(settings: Settings, sources: Mapping[str, str]) -> None:
    told = [
        f"{name} ({sources[name]})"
        for name in ("ca_file", "client_certificate", "client_key")
        if getattr(settings, name)
    ]
    if not told and not settings.otlp_headers:
        return
    from agentaudit_hook.network import headers_of, tls_of  # noqa: PLC0415  few need it

    try:
        headers_of(settings.otlp_headers)
    except ValueError as error:
        source = sources["otlp_headers"]
        raise BadSettings(f"otlp_headers ({source}): {error}; expected name=value,…") from error
    try:
        tls_of(settings)
    except (OSError, ValueError) as error:
        raise BadSettings(f"{', '.join(told)} cannot be used: {error}") from error


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
