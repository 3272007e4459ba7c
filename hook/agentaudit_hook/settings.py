"""The hook's settings: an administrator's file, AGENTAUDIT_* variables, the user's file, defaults.

Both files hold the names below as top-level keys. `OTEL_*` variables are not read: agents take them
out of a hook's environment. Nothing is read from a repository: who clones one must not have his
records, or his key, sent where its author wants them.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agentaudit_hook.places import home_folder
from agentaudit_hook.setting_checks import DEFAULT_BASE_URL, key_strays, problem_of, variable_of
from agentaudit_processor.policy import Capture, CapturePolicy, Naming

MANAGED_PATH = Path(
    "/Library/Application Support/agentaudit/config.toml"
    if sys.platform == "darwin"
    else "/etc/agentaudit/config.toml"
)
"""What an administrator decides for all users of this machine."""
DEFAULT_ORIGIN = "default"
SHOWN_OF_KEY = 12


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
    filed = file_settings(config_path(env)) | file_settings(MANAGED_PATH)
    if (problem := key_strays(settings, origins, filed)) is not None:
        raise BadSettings(problem)
    return settings, origins


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
    sources = origins or dict.fromkeys(Settings.__dataclass_fields__, DEFAULT_ORIGIN)
    if (problem := problem_of(settings, sources)) is not None:
        raise BadSettings(problem)
    return settings


def _globs(told: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, told.split(";"))))
