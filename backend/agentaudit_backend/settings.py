"""Every setting of the server: its flag, its variable, its default, and what it is for.

A flag of the command wins over the variable, the variable over the default. docs/settings.md is
generated from this file.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "AGENTAUDIT_"
DATABASE_FILE = "agentaudit.db"
"""In the data directory."""
SECRETS_DIRS = ("AGENTAUDIT_SECRETS_DIR", "CREDENTIALS_DIRECTORY")
"""Variables that name the folder of secrets; the second is systemd's."""
_SECRET = ("database_url", "forward_headers", "smtp_url")

Port = Annotated[int, Field(ge=0, le=65535)]


class BadSettings(ValueError):
    """Settings that cannot be used; the text names each with its value, one a line."""


def default_data_dir() -> Path:
    """`agentaudit` in the user's data directory (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_DATA_HOME")
    return Path(base or Path.home() / ".local" / "share") / "agentaudit"


class Settings(BaseSettings):
    """The server's settings."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on, for all ports. Anything wider than this machine needs "
        "TLS in front, since keys travel with every request.",
    )
    port: Port = Field(
        default=8000,
        description="Port of dashboard, API and OTLP/HTTP. 0 picks a free one and prints it.",
    )
    otlp_grpc_port: Port = Field(
        default=4317, description="Port of OTLP/gRPC. 0 picks a free one and prints it."
    )
    otlp_http_port: Port = Field(
        default=4318, description="Port of OTLP/HTTP. 0 picks a free one and prints it."
    )
    metrics_port: Port | None = Field(
        default=None,
        description="Port of the server's own figures for Prometheus, at `/metrics`: usually 8888, "
        "as a Collector's. Unset: none.",
    )
    health_port: Port | None = Field(
        default=None,
        description="Port that tells at `/` whether the server can store, by 200 or 503: usually "
        "13133, as a Collector's. Unset: none.",
    )
    tls_cert_file: Path | None = Field(
        default=None,
        description="Certificate (PEM, with its chain) for TLS on every port; goes with "
        "`--tls-key-file`. A renewed file is taken without a restart. Unset: no TLS.",
    )
    tls_key_file: Path | None = Field(default=None, description="The certificate's key (PEM).")
    tls_client_ca_file: Path | None = Field(
        default=None,
        description="CA (PEM) of client certificates: without one of it nobody may send by OTLP. "
        "The dashboard's port asks for none, and takes no OTLP then.",
    )
    cors_allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Sites whose pages may send by OTLP/HTTP, e.g. `https://*.example.com`, "
        "several joined by commas. Unset: none.",
    )
    grpc_max_connection_age: float | None = Field(
        default=None,
        gt=0,
        description="Seconds after which a gRPC connection is asked to close, so that a balancer "
        "in front can choose anew. Unset: never.",
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Directory of the SQLite database; made if absent, readable by its owner only.",
    )
    database_url: str | None = Field(
        default=None,
        description="Database to use in place of SQLite in the data directory: "
        "`postgresql://user:password@host/name`, or `sqlite:////path/to/file.db`.",
    )
    database_connections: int = Field(
        default=10,
        ge=2,
        le=500,
        description="Most connections to PostgreSQL at a time: one writes, the others read.",
    )
    workers: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="Processes that judge large batches (from 64 KiB) beside the server's own, "
        "started by the first such batch. Unset: one for each processor core, on a single core "
        "none; 0: none.",
    )
    packs_dir: Path | None = Field(
        default=None,
        description="Directory of the organisation's own packs of rules, `*.yaml`; one that is not "
        "right keeps the server from starting. Hooks have a setting of the same name.",
    )
    forward_endpoint: str | None = Field(
        default=None,
        description="Where judged spans and log records are sent on to by OTLP, e.g. "
        "`http://collector:4317`. Unset: nowhere.",
    )
    forward_protocol: Literal["grpc", "http/protobuf"] = Field(
        default="grpc", description="How: `grpc` or `http/protobuf`."
    )
    forward_headers: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="Headers sent along, e.g. `authorization=Bearer abc,x-team=a`.",
    )
    forward_file: Path | None = Field(
        default=None,
        description="YAML file of destinations, `exporters` as a Collector has them: several at "
        "once, each with its own queue, headers and TLS.",
    )
    forward_detections: bool = Field(
        default=True,
        description="Send each finding on as a log record `agentaudit.detection` too: `true` or "
        "`false`.",
    )
    forward_log_spans: bool = Field(
        default=False,
        description="Send calls that an agent tells in log records alone (Codex CLI, Gemini CLI, "
        "Claude Code without hook and traces) on as spans too: `true` or `false`. One that also "
        "sends spans would be there twice.",
    )
    public_url: str | None = Field(
        default=None,
        description="How people reach the dashboard, e.g. `https://audit.example.com`: for links "
        "in messages, invitations and the set-up page. Unset: `http://localhost` with the port.",
    )
    smtp_url: str | None = Field(
        default=None,
        description="Mail server for alerts: `smtp://user:password@host:587` (STARTTLS) or "
        "`smtps://…`. Unset: no e-mail.",
    )
    smtp_from: str = Field(
        default="agentaudit@localhost", description="Who alerts by e-mail are from."
    )
    alert_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Private networks that webhooks of alerts may reach, e.g. `10.1.0.0/16`, "
        "several joined by commas. Unset: public addresses alone, by https.",
    )
    slack_signing_secret_file: Path | None = Field(
        default=None,
        description="File with the signing secret of a Slack app, whose messages may then be "
        "answered by buttons; its request URL is `<public-url>/v1/slack/actions`. Unset: links.",
    )
    slack_people_file: Path | None = Field(
        default=None,
        description="YAML file of who may answer in Slack: `U012ABC3DEF: lead@example.com`, ids of "
        "Slack users to names of admins.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="Identity provider whose people may log in (OpenID Connect), e.g. "
        "`https://login.example.com/realms/acme`. Its redirect address of ours: "
        "`<public-url>/dashboard/sso/callback`. Unset: keys alone.",
    )
    oidc_client_id: str | None = Field(
        default=None, description="As what this server is known to the identity provider."
    )
    oidc_client_secret_file: Path | None = Field(
        default=None,
        description="File with the secret for it; unset where the provider asks for none (PKCE "
        "is used either way).",
    )
    oidc_name: str = Field(
        default="SSO", description="What the button of the log-in calls the identity provider."
    )
    oidc_role_claim: str = Field(
        default="groups", description="Claim of the ID token that tells of roles."
    )
    oidc_admins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Values of that claim that make an admin, several joined by commas.",
    )
    oidc_auditors: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="The same for auditors; `*` lets everybody in whom the provider knows.",
    )
    trace_endpoint: str | None = Field(
        default=None,
        description="Where the server's own traces go by OTLP, e.g. `http://tempo:4318`: a span "
        "for each OTLP request, with the time of judging and storing. Not to itself. Unset: none.",
    )
    trace_protocol: Literal["grpc", "http/protobuf"] = Field(
        default="http/protobuf", description="How: `grpc` or `http/protobuf`."
    )
    trace_ratio: float = Field(
        default=0.1, ge=0, le=1, description="Part of the requests that are traced, from 0 to 1."
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="Log lines for people (`text`), or one JSON object a line (`json`).",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much is logged: debug, info, warning or error."
    )

    @field_validator("forward_headers", mode="before")
    @classmethod
    def _split_headers(cls, value: Any) -> Any:
        """Read `name=value,name=value`, as OTel's own header settings are written."""
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if not all(separator and name.strip() for name, separator, _ in pairs):
            raise ValueError("expected name=value, several joined by commas")
        return {name.strip(): text.strip() for name, _, text in pairs}

    @field_validator(
        "cors_allowed_origins", "alert_networks", "oidc_admins", "oidc_auditors", mode="before"
    )
    @classmethod
    def _split_list(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(each.strip() for each in value.split(",") if each.strip())

    @field_validator("alert_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ip_network(each)  # its ValueError says what is wrong
        return value

    @field_validator("public_url")
    @classmethod
    def _http_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("expected https://host")
        return value and value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        """By https: whoever could change its answers on the way could log in as anybody."""
        parts = urlsplit(value or "https://unset")
        is_here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not is_here and (parts.scheme != "https" or not parts.hostname):
            raise ValueError("expected https://host/…")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("smtp://", "smtps://")):
            raise ValueError("expected smtp://user:password@host:587 or smtps://…")
        return value

    @model_validator(mode="after")
    def _whole_pair(self) -> Self:
        if (self.tls_cert_file is None) is not (self.tls_key_file is None):
            raise ValueError("--tls-cert-file and --tls-key-file go together")
        if self.tls_client_ca_file and not self.tls_cert_file:
            raise ValueError("--tls-client-ca-file needs --tls-cert-file and --tls-key-file")
        if (self.slack_signing_secret_file is None) is not (self.slack_people_file is None):
            raise ValueError("--slack-signing-secret-file and --slack-people-file go together")
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("--oidc-issuer needs --oidc-client-id")
        if self.oidc_issuer and not (self.oidc_admins or self.oidc_auditors):
            raise ValueError("--oidc-issuer needs --oidc-admins or --oidc-auditors")
        return self

    @field_validator("forward_endpoint", "trace_endpoint")
    @classmethod
    def _http_endpoint(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("expected http://host:port or https://host:port")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        # SQLAlchemy reads it in full later; importing that here would slow `agentaudit --help`.
        scheme = (value or "sqlite:").partition(":")[0].partition("+")[0]
        if scheme not in ("sqlite", "postgresql"):
            raise ValueError("expected postgresql://user:password@host/name or sqlite:////path")
        return value

    @property
    def store_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / DATABASE_FILE}"

    @property
    def is_local(self) -> bool:
        """Only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def load_settings(given: Mapping[str, Any]) -> Settings:
    """Settings from `given` (the flags), the environment, files of secrets and the defaults.

    Raises:
        BadSettings: a value is of the wrong form, or the folder of secrets is none.
    """
    secrets = _secrets_dir()
    try:
        return Settings(_secrets_dir=secrets, **given)  # type: ignore[call-arg]
    except ValidationError as problem:
        raise BadSettings("\n".join(_line(error) for error in problem.errors())) from None


def _secrets_dir() -> Path | None:
    """The folder with a file for each secret, as containers and systemd give it."""
    name = next(filter(None, map(os.environ.get, SECRETS_DIRS)), None)
    if name is not None and not Path(name).is_dir():
        raise BadSettings(f"{SECRETS_DIRS[0]}: {name!r}: there is no such folder")
    return Path(name) if name else None


def flag_of(name: str) -> str:
    """`otlp_grpc_port` -> `--otlp-grpc-port`."""
    return "--" + name.replace("_", "-")


def variable_of(name: str) -> str:
    """`otlp_grpc_port` -> `AGENTAUDIT_OTLP_GRPC_PORT`."""
    return PREFIX + name.upper()


def default_of(name: str) -> str:
    """A setting's default as documentation shows it."""
    if name == "data_dir":
        return "~/.local/share/agentaudit"
    default = model_fields()[name].default
    return "" if default is None or not isinstance(default, str | int | float) else str(default)


def model_fields() -> Mapping[str, Any]:
    """Every setting by name, in the order of this file."""
    return Settings.model_fields


def _line(error: Any) -> str:
    reason = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:  # of several settings together; the text names them
        return reason
    name = str(error["loc"][0])
    value = "(not shown)" if name in _SECRET else repr(str(error["input"]))
    return f"{flag_of(name)} / {variable_of(name)}: {value}: {reason}"
