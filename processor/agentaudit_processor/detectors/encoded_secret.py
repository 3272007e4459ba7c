"""Text in base64 that holds a secret: a token, a private key, a password with its name."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import re2

from agentaudit_processor.detectors.encoded import decoded
from agentaudit_processor.detectors.entropy import is_credential, is_vendor_token
from agentaudit_processor.detectors.placeholder import is_no_placeholder

_MAX_CHARS = 64_000
_MOST = 50
_TOKEN = re2.compile(
    r"((?:gh[pousr]_|github_pat_|glpat-|A(?:KIA|SIA)|sk-(?:ant|proj)-|xox[bp]-|AIzaSy|npm_|pypi-"
    r"|sk_live_|hvs\.|dop_v1_)[A-Za-z0-9_-]{16,})"
)
_ASSIGNED = re2.compile(
    r"(?i)(?:pass(?:word|wd)?|secret|token|api_?key)\w{0,20}[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    r"([^\s\"',;&]{6,200})"
)
_IN_URL = re2.compile(r"[a-z+]{2,20}://[^\s:/@]{0,80}:([^\s/@]{3,120})@")
_BEARER = re2.compile(r"Bearer ([A-Za-z0-9._~+/-]{16,})")


def is_encoded_secret(value: str) -> bool:
    """Tell whether `value` is base64 of text that holds a token, a key or a password."""
    try:
        text = decoded(value, _MAX_CHARS).decode()
    except UnicodeDecodeError:
        return False
    if "PRIVATE KEY-----" in text:
        return True
    return (
        any(map(is_vendor_token, _found(_TOKEN, text)))
        or any(map(is_credential, _found(_ASSIGNED, text)))
        or any(map(is_no_placeholder, _found(_IN_URL, text)))
        or any(map(is_vendor_token, _found(_BEARER, text)))
    )


def _found(pattern: Any, text: str) -> Iterator[str]:
    return (found.group(1) for found in islice(pattern.finditer(text), _MOST))
