"""Derived ids: the same session, call or fact always gets the same one.

So a resend is recognised as such, by any OTel backend and by our store, and a hook record and the
agent's own telemetry of one call meet in one Event. None of these is a secret or a proof.
"""

from hashlib import sha256

_NAMESPACE = "aa1"


def trace_id_of(session_id: str) -> str:
    """32 lowercase hex digits; one trace is one session."""
    return _digest(session_id)[:16].hex()


def span_id_of(session_id: str, call_id: str) -> str:
    """16 lowercase hex digits, never all zero."""
    head = _digest(session_id, call_id)[:8]
    return (head if any(head) else b"\x01" * 8).hex()


def event_id_of(session_id: str, activity_id: str) -> str:
    """UUIDv8 (RFC 9562 §5.8) text for a ToolCall's `call_id` or a Fact's `fact_id`."""
    raw = bytearray(_digest("event", session_id, activity_id)[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    told = raw.hex()
    return f"{told[:8]}-{told[8:12]}-{told[12:16]}-{told[16:20]}-{told[20:]}"


def _digest(*parts: str) -> bytes:
    # surrogatepass: a lone surrogate in a client's JSON must not cost the record
    return sha256("|".join((_NAMESPACE, *parts)).encode("utf-8", "surrogatepass")).digest()
