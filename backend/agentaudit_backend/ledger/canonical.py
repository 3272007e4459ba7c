"""Canonical JSON: the same value always gives the same bytes.

Source: RFC 8785 (JCS). Envelopes hold strings, booleans, integers below 2^53, arrays and objects
with ASCII keys; for these msgspec's compact sorted JSON is RFC 8785 (a test compares it with
`rfc8785`), at a hundredth of the cost.
"""

import json
import re
from collections.abc import Iterable
from math import isfinite

import msgspec

from agentaudit_processor.model import Json

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NUL = b"\x00"
_BLANK = msgspec.Raw(_NUL)
"""A byte that JSON never holds."""
_TOO_DEEP = '"[nested too deeply to be kept]"'
_encode = msgspec.json.Encoder(order="sorted").encode
_encode_strictly = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
).encode


def canonical_form(envelope: dict[str, Json], blanks: Iterable[str] = ()) -> bytes:
    """RFC 8785 bytes of an envelope that has `blanks` as members too, their values left open.

    `form % values` is the envelope; the values are JSON as bytes, in the order of sorted `blanks`.

    Raises:
        ValueError: a float that is no number, or a lone surrogate.
    """
    encoded = _encode({**envelope, **dict.fromkeys(blanks, _BLANK)})
    if b"null" in encoded:  # which msgspec writes for NaN too
        _encode_strictly(envelope)
    return encoded.replace(b"%", b"%%").replace(_NUL, b"%b")


def slot_text(value: Json) -> str:
    """Compact sorted JSON text on one line, of any value that an agent may send.

    What RFC 8785 cannot express is made expressible first: NaN and infinities become strings, lone
    surrogates U+FFFD. The leaf commits to this very text, and the text is what is kept, so no
    verifier has to produce it anew.
    """
    try:
        encoded = _encode(value)
        return _text_of_any(value) if b"null" in encoded else encoded.decode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", _text_of_any(value))
    except RecursionError:
        return _TOO_DEEP


def _text_of_any(value: Json) -> str:
    try:
        return _encode_strictly(value)
    except ValueError:
        return _encode_strictly(_without_nan(value))


def _without_nan(value: Json) -> Json:
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return value
