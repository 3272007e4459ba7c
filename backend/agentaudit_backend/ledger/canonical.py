"""Canonical JSON: the same value always gives the same bytes.

Source: RFC 8785 (JCS). Envelopes hold strings, booleans, integers below 2^53, arrays and objects
with ASCII keys; for these the standard library's compact sorted JSON is RFC 8785 (a test compares
it with `rfc8785`), at a tenth of the cost.
"""

import json
import re
from collections.abc import Callable
from json.encoder import c_make_encoder, encode_basestring  # type: ignore[attr-defined]
from math import isfinite

from agentaudit_processor.model import Json

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_TOO_DEEP = '"[nested too deeply to be kept]"'


def _encoder() -> Callable[[Json], str]:
    """Compact sorted JSON. The encoder is made once: json.dumps makes one for each call."""
    if c_make_encoder is None:  # an interpreter without CPython's C accelerator
        options = json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        )
        return options.encode
    # markers, default, string encoder, indent, separators, sort_keys, skipkeys, allow_nan
    make = c_make_encoder(None, _refuse, encode_basestring, None, ":", ",", True, False, False)
    return lambda value: "".join(make(value, 0))


def _refuse(value: object) -> Json:
    raise TypeError(f"{type(value).__name__} is no JSON")


_encode = _encoder()


def canonical_bytes(envelope: dict[str, Json]) -> bytes:
    """RFC 8785 bytes of an envelope.

    Raises:
        ValueError: a float that is no number, or a lone surrogate.
    """
    return _encode(envelope).encode()


def slot_text(value: Json) -> str:
    """Compact sorted JSON text on one line, of any value that an agent may send.

    What RFC 8785 cannot express is made expressible first: NaN and infinities become strings, lone
    surrogates U+FFFD. The leaf commits to this very text, and the text is what is kept, so no
    verifier has to produce it anew.
    """
    try:
        text = _encode_any(value)
    except RecursionError:
        return _TOO_DEEP
    return text if text.isascii() else _LONE_SURROGATE.sub("�", text)


def _encode_any(value: Json) -> str:
    try:
        return _encode(value)
    except ValueError:
        return _encode(_without_nan(value))


def _without_nan(value: Json) -> Json:
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return value
