"""Where judged telemetry goes on to: the settings, or a file in the Collector's form.

exporters:
  otlp_grpc/tempo:
    endpoint: https://tempo.example.com:4317
    headers: { authorization: "Bearer ${env:TEMPO_TOKEN}" }
  otlp_http/archive: { endpoint: "http://archive:4318", compression: none }
redaction:
  allow_all_keys: true
  blocked_values: ["AKIA[0-9A-Z]{16}"]
"""

import os
import re
import sqlite3
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from agentaudit_backend.failure import CannotStart
from agentaudit_backend.seal_key import seal_key_in
from agentaudit_backend.settings import Settings
from agentaudit_processor.receivers.sent_with import may_go_along
from agentaudit_processor.sinks.destination import Destination, Loss, Retry
from agentaudit_processor.sinks.forward import OtlpForward, Outgoing
from agentaudit_processor.sinks.queue import SendingQueue
from agentaudit_processor.sinks.redaction import (
    BadRedaction,
    Hash,
    RedactionRules,
    Summary,
    redaction_by,
)
from agentaudit_processor.sinks.transport import ClientTls, Sending, transport_to

_PROTOCOLS = {
    "otlp_grpc": "grpc",
    "otlp": "grpc",
    "otlp_http": "http/protobuf",
    "otlphttp": "http/protobuf",
}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}(?:/[A-Za-z0-9_.-]{1,60})?")
_VARIABLE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_MIB = 1024 * 1024
_MOST_PROCESSES = 16
"""With one data directory."""


def _seconds(value: Any) -> Any:
    """`1.5s`, `500ms`, `5m`, or a plain number of seconds."""
    if isinstance(value, str) and (found := _DURATION.fullmatch(value)):
        return float(found[1]) * _UNITS[found[2]]
    return value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TlsPart(_Part):
    """`tls`."""

    insecure: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


class RetryPart(_Part):
    """`retry_on_failure`."""

    initial_interval: Seconds = 1.0
    max_interval: Seconds = 30.0
    max_elapsed_time: Seconds = 0.0


class QueuePart(_Part):
    """`sending_queue`; in a file unless told otherwise, since memory forgets with a restart."""

    storage: Literal["file", "memory"] = "file"
    size_mib: float = Field(default=256, gt=0)


class ExporterPart(_Part):
    """One exporter."""

    endpoint: str
    headers: dict[str, str] = Field(default_factory=dict)
    headers_from_sender: tuple[str, ...] = ()
    compression: Literal["gzip", "none"] = "gzip"
    timeout: Seconds = 10.0
    tls: TlsPart = Field(default_factory=TlsPart)
    retry_on_failure: RetryPart = Field(default_factory=RetryPart)
    sending_queue: QueuePart = Field(default_factory=QueuePart)

    @field_validator("headers_from_sender")
    @classmethod
    def _may_go_along(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(name.lower() for name in names)
        for name in found:
            if not may_go_along(name):
                raise ValueError(f"{name} is never passed on: it is a key, or the request's own")
        return found


class RedactionPart(_Part):
    """`redaction`: what leaves, whatever was judged; the options of the Collector's processor."""

    allow_all_keys: bool = False
    allowed_keys: tuple[str, ...] = ()
    ignored_keys: tuple[str, ...] = ()
    ignored_key_patterns: tuple[str, ...] = ()
    blocked_key_patterns: tuple[str, ...] = ()
    blocked_values: tuple[str, ...] = ()
    allowed_values: tuple[str, ...] = ()
    redact_all_types: bool = False
    hash_function: Hash = ""
    hmac_key: str = Field(default="", repr=False)
    summary: Summary = "silent"


class ForwardFile(_Part):
    """The whole file."""

    exporters: dict[str, ExporterPart] = Field(default_factory=dict)
    redaction: RedactionPart | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.exporters and self.redaction is None:
            raise ValueError("expected exporters, redaction or both")
        return self


def forward_of(settings: Settings, on_loss: Loss) -> OtlpForward | None:
    """The forwarder that the settings ask for, not started; None when they ask for none.

    Raises:
        CannotStart: an endpoint, the file, or something that it names cannot be used.
    """
    exporters: dict[str, ExporterPart] = {}
    if settings.forward_endpoint:
        name = "otlp_grpc" if settings.forward_protocol == "grpc" else "otlp_http"
        exporters[name] = ExporterPart(
            endpoint=settings.forward_endpoint, headers=settings.forward_headers
        )
    rules = None
    if settings.forward_file:
        file = _read(settings.forward_file)
        exporters |= file.exporters
        rules = _rules(settings.forward_file, file.redaction)
    if not exporters:
        return None
    folder = settings.data_dir / "forward"
    try:
        seal_key = seal_key_in(folder)
    except OSError as problem:
        raise CannotStart(f"forwarding: the key in {folder}: {problem.strerror}") from None
    made = [_destination(name, part, folder, on_loss) for name, part in exporters.items()]
    outgoing = Outgoing(
        with_detections=settings.forward_detections,
        with_log_spans=settings.forward_log_spans,
        redaction=rules,
        seal_key=seal_key,
    )
    return OtlpForward(made, outgoing=outgoing)


def endpoints_of(settings: Settings) -> dict[str, str]:
    """Where the settings forward to, by name; nothing is opened.

    Raises:
        CannotStart: the file cannot be read.
    """
    found = {"otlp": settings.forward_endpoint} if settings.forward_endpoint else {}
    if settings.forward_file:
        file = _read(settings.forward_file)
        found |= {name: part.endpoint for name, part in file.exporters.items()}
    return found


def _rules(path: Path, part: RedactionPart | None) -> RedactionRules | None:
    if part is None:
        return None
    rules = RedactionRules(**part.model_dump())
    try:
        redaction_by(rules)
    except BadRedaction as problem:
        raise CannotStart(f"--forward-file {path}: redaction: {problem}") from None
    return rules


def _read(path: Path) -> ForwardFile:
    try:
        text = _VARIABLE.sub(_variable, path.read_text(encoding="utf-8"))
        return ForwardFile.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise CannotStart(f"--forward-file {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, LookupError) as error:
        raise CannotStart(f"--forward-file {path}: {error}") from None
    except ValidationError as problem:
        lines = [
            f"--forward-file {path}: {'.'.join(map(str, error['loc']))}: {error['msg']}"
            for error in problem.errors()
        ]
        raise CannotStart("\n".join(lines)) from None


def _variable(found: re.Match[str]) -> str:
    try:
        return os.environ[found[1]]
    except KeyError:
        raise LookupError(f"the variable {found[1]} is not set") from None


def _destination(name: str, part: ExporterPart, folder: Path, on_loss: Loss) -> Destination:
    kind = name.partition("/")[0]
    where = f"forwarding to {name}"
    if kind not in _PROTOCOLS or not _NAME.fullmatch(name):
        raise CannotStart(f"{where}: expected otlp_grpc, otlp_http, or one of them with /name")
    endpoint = part.endpoint
    if "://" not in endpoint:  # the Collector's gRPC form; its TLS is on unless told otherwise
        endpoint = f"{'http' if part.tls.insecure else 'https'}://{endpoint}"
    retry, queue = part.retry_on_failure, part.sending_queue
    try:
        transport = transport_to(
            endpoint,
            _PROTOCOLS[kind],
            Sending(
                headers=part.headers,
                gzip=part.compression == "gzip",
                timeout_s=part.timeout,
                tls=ClientTls(
                    ca_file=part.tls.ca_file,
                    cert_file=part.tls.cert_file,
                    key_file=part.tls.key_file,
                ),
            ),
        )
        return Destination(
            name,
            transport,
            _queue(folder, name, queue),
            retry=Retry(
                initial_interval_s=retry.initial_interval,
                max_interval_s=retry.max_interval,
                max_elapsed_s=retry.max_elapsed_time,
            ),
            on_loss=on_loss,
            headers_from_sender=frozenset(part.headers_from_sender),
        )
    except ValueError as problem:
        raise CannotStart(f"{where}: {problem}") from problem
    except (OSError, sqlite3.Error) as problem:
        raise CannotStart(f"{where}: the queue in {folder}: {problem}") from problem


def _queue(folder: Path, name: str, part: QueuePart) -> SendingQueue:
    """The queue in memory, or in the first file of that name that no other process has."""
    max_bytes = int(part.size_mib * _MIB)
    if part.storage == "memory":
        return SendingQueue(None, max_bytes=max_bytes)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(1, _MOST_PROCESSES + 1):
        try:
            path = folder / f"{name.replace('/', '_')}.{number}.queue"
            return SendingQueue(path, max_bytes=max_bytes)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or number == _MOST_PROCESSES:
                raise
    raise AssertionError("the last one raises")
