"""Text written in base64 or percent-encoded, taken out so that it can be scanned like any other."""

from collections.abc import Callable, Mapping
from urllib.parse import unquote_to_bytes

from agentaudit_processor.detectors.encoded import decoded

_MAX_CHARS = 64_000
_SHORTEST = 16
_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A, 0x0D}


def base64_text(value: str) -> bytes:
    """The text that `value` is the base64 of; empty if it holds controls, as other bytes do."""
    return _plain(decoded(value, _MAX_CHARS))


def percent_text(value: str) -> bytes:
    """The text that `value` is the percent-encoding of (RFC 3986); empty for controls."""
    return _plain(unquote_to_bytes(value[:_MAX_CHARS].replace("+", " ")))


TEXT_IN: Mapping[str, Callable[[str], bytes]] = {
    "base64_text": base64_text,
    "percent_text": percent_text,
}
"""By the names of the detectors that ask whether there is any."""


def is_base64_text(value: str) -> bool:
    """Tell whether `value` is base64 of a text; whether a secret is in it, the engine looks."""
    return bool(base64_text(value))


def is_percent_text(value: str) -> bool:
    """The same for percent-encoding."""
    return bool(percent_text(value))


def _plain(raw: bytes) -> bytes:
    return raw if len(raw) >= _SHORTEST and _CONTROLS.isdisjoint(raw) else b""
