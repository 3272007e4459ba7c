"""What a receiver's answer to a batch that it took says: all of it, all but some, or a warning.

Source: OTLP 1.11, "Full Success" and "Partial Success".
"""

import logging

from google.protobuf.message import DecodeError, Message

from agentaudit_hook.relay.trouble import Rejection
from agentaudit_processor.otlp import Signal

_MAX_WORDS = 200

_log = logging.getLogger(__name__)


def read_answer(signal: Signal, body: bytes) -> Rejection | None:
    """What a body in protobuf says; one that is none says nothing: the status has said success."""
    try:
        return rejection_in(signal, signal.response.FromString(body))
    except DecodeError:
        return None


def rejection_in(signal: Signal, answer: Message) -> Rejection | None:
    """The records that were refused for good; a warning goes to the log alone."""
    partial = answer.partial_success  # type: ignore[attr-defined]
    count: int = getattr(partial, f"rejected_{signal.rejected}")
    why = _in_one_line(partial.error_message)
    if count > 0:
        return Rejection(count=count, why=why or "it gives no reason")
    if why:
        _log.warning("the receiver warns: %s", why)
    return None


def both(first: Rejection | None, second: Rejection | None) -> Rejection | None:
    """Those of the log records and those of the spans of one batch."""
    if first is None or second is None:
        return first or second
    return Rejection(count=first.count + second.count, why=f"{first.why}; {second.why}")


def _in_one_line(said: str) -> str:
    """A stranger's text: nothing in it may steer a terminal or fill a log."""
    words = " ".join(said.split())[:_MAX_WORDS]
    return "".join(sign if sign.isprintable() else "?" for sign in words)
