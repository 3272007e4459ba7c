"""Tokens that say what they are once decoded: JSON Web Tokens, `user:password` in base64."""

import binascii
import json
from base64 import urlsafe_b64decode

from agentaudit_processor.detectors.placeholder import is_no_placeholder

_MAX_CHARS = 4_000


def decoded(text: str, most: int = _MAX_CHARS) -> bytes:
    """Base64 of either alphabet, with or without padding; empty if it is none.

    No more than `most` characters of `text` are looked at, a multiple of four.
    """
    plain = text[:most].rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""


def is_jwt(value: str) -> bool:
    """Tell whether the first part of `value` is a header as RFC 7519 has it, with `alg`."""
    head = decoded(value.partition(".")[0])
    try:
        header = json.loads(head)
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and ("alg" in header or "enc" in header)


def is_basic_auth(value: str) -> bool:
    """Tell whether `value` is `user:password` in base64, as RFC 7617 has it, and no stand-in."""
    try:
        user, colon, password = decoded(value).decode().partition(":")
    except UnicodeDecodeError:
        return False
    return bool(colon) and user.isprintable() and len(password) >= 3 and is_no_placeholder(password)
