"""The seal of an enriched span or log record: by it an installation knows its own work again.

Whoever can send can also write any attribute, so a mark alone would be a way to keep a call out of
what is forwarded. A seal is keyed with a secret that no sender has.
"""

import hmac
from collections.abc import Sequence
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor import attributes as names

MAX_SEALS = 8
"""Installations one behind the other; of more, the oldest seals go."""
_HEX_DIGITS = 32
_HEX = frozenset("0123456789abcdef")


def seals_of(item: Any) -> list[str]:
    """What an item bears that has the form of a seal, whoever put it there."""
    return [
        value.string_value
        for pair in item.attributes
        if pair.key == names.PROCESSOR_SEALS
        for value in pair.value.array_value.values
        if len(value.string_value) == _HEX_DIGITS and _HEX.issuperset(value.string_value)
    ]


def is_sealed(item: Any, key: bytes) -> bool:
    """Tell whether a holder of `key` has enriched this span or log record already."""
    seals = seals_of(item)
    if not seals or not key:
        return False
    own = _seal(item, key)
    return any(hmac.compare_digest(own, seal) for seal in seals)


def put_seals(item: Any, key: bytes, others: Sequence[str]) -> None:
    """Seal an enriched item, beside the seals of `others`, so that no two go in circles."""
    seals = [*others[-(MAX_SEALS - 1) :], *([_seal(item, key)] if key else [])]
    if seals:
        pair = item.attributes.add(key=names.PROCESSOR_SEALS)
        for seal in seals:
            pair.value.array_value.values.add(string_value=seal)


def _seal(item: Any, key: bytes) -> str:
    """Over what no processor on the way may change: kind, ids and time."""
    kind, time_ns = (
        (b"span", item.start_time_unix_nano)
        if isinstance(item, Span)
        else (b"log|" + item.event_name.encode(), item.time_unix_nano)
    )
    told = b"|".join((b"seal", kind, item.trace_id, item.span_id, b"%d" % time_ns))
    return hmac.digest(key, told, "sha256").hex()[:_HEX_DIGITS]
