"""Whether each setting can be used: a sentence that names it, its value's fault and its source.

Nothing here knows where settings come from, but for that of each value, which is told.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agentaudit_processor.policy import Capture, Naming

if TYPE_CHECKING:
    from agentaudit_hook.settings import Settings

DEFAULT_BASE_URL = "http://localhost:8000"
PROTOCOLS = ("http/protobuf", "grpc")
LEAST_SPOOL_MB = 16
_PORTS = {"http": 80, "https": 443}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
"""Where a Collector may be beside the agent."""
_CHOICES: dict[str, type[StrEnum]] = {
    "capture_arguments": Capture,
    "capture_results": Capture,
    "capture_prompts": Capture,
    "capture_user": Naming,
}

Sources = Mapping[str, str]
"""Where each value comes from: a file's path, a variable, or `default`."""


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"AGENTAUDIT_{name.upper()}"


def problem_of(settings: "Settings", sources: Sources) -> str | None:
    """The first value that cannot be used, in a sentence; None if all can be."""
    return next(_problems(settings, sources), None)


def key_strays(settings: "Settings", sources: Sources, filed: Mapping[str, str]) -> str | None:
    """Why a key in a file would go where the files do not send it; None if it does not.

    What sets variables may come with a repository; what stands in a file was put there by hand.

    Args:
        settings: what is in force.
        sources: where each of them comes from.
        filed: what the files alone say.
    """
    variables = {variable_of(name) for name in sources}
    if not settings.api_key or sources["api_key"] in variables | {"default"}:
        return None
    home = filed.get("base_url", DEFAULT_BASE_URL)
    hosts = {*_THIS_MACHINE, _server_of(home)[1], _server_of(filed.get("otlp_endpoint", home))[1]}
    for name in ("base_url", "otlp_endpoint"):
        url = getattr(settings, name)
        server = _server_of(url)
        is_meant = server == _server_of(home) if name == "base_url" else server[1] in hosts
        if url and sources[name] in variables and not is_meant:
            return (
                f"{name} is {url!r} ({sources[name]}), but api_key stands in {sources['api_key']} "
                f"for {home}: it is not sent where a variable alone says so. Use "
                f"`agentaudit-hook login --server`, or `config set {name} {url}`, or set "
                f"{variable_of('api_key')} as well"
            )
    return None


def _server_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; nothing of what is no address."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None


def _problems(settings: "Settings", sources: Sources) -> Iterator[str]:
    def wrong(name: str, is_right: Callable[[str], bool], expected: str) -> Iterator[str]:
        value = getattr(settings, name)
        if not is_right(value):
            yield f"{name} is {value!r} ({sources.get(name, 'default')}); expected {expected}"

    yield from wrong("otlp_protocol", PROTOCOLS.__contains__, " or ".join(PROTOCOLS))
    for name, least in (("spool_max_mb", LEAST_SPOOL_MB), ("heartbeat_seconds", 0)):
        yield from wrong(name, _is_number_from(least), f"a whole number, {least} or more")
    for name, choices in _CHOICES.items():
        yield from wrong(name, list(choices).__contains__, f"one of {', '.join(choices)}")
    yield from _of_network(settings, sources)
    address = "http://HOST:PORT or https://HOST"
    yield from wrong("base_url", _is_url, address)
    if settings.otlp_endpoint and settings.otlp_protocol != "grpc":
        yield from wrong("otlp_endpoint", _is_url, address)


def _is_number_from(least: int) -> Callable[[str], bool]:
    def is_right(value: str) -> bool:
        return value.isascii() and value.isdigit() and len(value) < 10 and int(value) >= least

    return is_right


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _of_network(settings: "Settings", sources: Sources) -> Iterator[str]:
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
        yield f"otlp_headers ({sources['otlp_headers']}): {error}; expected name=value,…"
    try:
        tls_of(settings)
    except (OSError, ValueError) as error:
        yield f"{', '.join(told)} cannot be used: {error}"
