"""The bytes of a request → OTLP message, within hard limits; and an answer → bytes."""

import zlib
from enum import StrEnum

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError, Message

from agentaudit_processor.otlp import Request, Signal
from agentaudit_processor.receivers.failures import malformed, too_fine, too_large, unsupported
from agentaudit_processor.receivers.otlp_json import message_of
from agentaudit_processor.receivers.parts import has_too_many_marks, has_too_many_parts

MAX_MEMBERS = 100
"""Of one gzip body, frames of a zstd one: senders write one; each costs a copy of what follows."""
ZSTD_MAX_WINDOW = 8 * 1024 * 1024
"""Bytes; what RFC 9659 lets a Content-Encoding ask of a receiver."""
_ZSTD_PIECE = 256
"""Bytes; four of them may become 128 KiB."""
_WBITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Media(StrEnum):
    """How a request is written, and so its answer."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"

    @classmethod
    def of(cls, content_type: str | None) -> "Media":
        """Read a Content-Type header; its parameters do not count.

        Raises:
            Failure: 415.
        """
        name = (content_type or "").partition(";")[0].strip().lower()
        try:
            return cls(name)
        except ValueError:
            raise unsupported(
                f"Content-Type must be {cls.PROTOBUF.value} or {cls.JSON.value}"
            ) from None


def inflate(body: bytes, encoding: str | None, limit: int) -> bytes:
    """Undo a Content-Encoding, never holding more than `limit` bytes of the result.

    Raises:
        Failure: 413 over the limit, 400 for a corrupt body, 415 for an encoding not known.
    """
    name = (encoding or "identity").strip().lower()
    if name == "identity":
        if len(body) > limit:
            raise too_large(limit)
        return body
    if name == "zstd":
        return _inflate_zstd(body, limit)
    if name not in _WBITS:
        raise unsupported("Content-Encoding must be gzip, zstd, deflate or identity")
    return _inflate_zlib(body, name, limit)


def _inflate_zlib(body: bytes, name: str, limit: int) -> bytes:
    inflated = bytearray()
    rest = body
    try:
        for _ in range(MAX_MEMBERS):  # gzip may come in several
            if not rest:
                break
            member = zlib.decompressobj(_WBITS[name])
            inflated += member.decompress(rest, limit + 1 - len(inflated))
            if len(inflated) > limit:
                raise too_large(limit)
            if not member.eof:
                raise malformed(f"the {name} body is cut off")
            rest = member.unused_data
    except zlib.error:
        raise malformed(f"the body is not {name}") from None
    if rest:
        raise malformed(f"the {name} body has more than {MAX_MEMBERS} members")
    return bytes(inflated)


def _inflate_zstd(body: bytes, limit: int) -> bytes:
    """One frame or several, in pieces: so no more than a few MB come beyond the limit."""
    import zstandard  # noqa: PLC0415  of the extra `server`, as this whole transport is

    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_MAX_WINDOW)
    frame, frames = decompressor.decompressobj(), 1
    inflated = bytearray()
    try:
        for start in range(0, len(body), _ZSTD_PIECE):
            piece = body[start : start + _ZSTD_PIECE]
            while piece:
                if frame.eof:
                    frame, frames = decompressor.decompressobj(), frames + 1
                inflated += frame.decompress(piece)
                piece = frame.unused_data
            if len(inflated) > limit:
                raise too_large(limit)
            if frames > MAX_MEMBERS:
                raise malformed(f"the zstd body has more than {MAX_MEMBERS} frames")
    except zstandard.ZstdError:
        raise malformed("the body is not zstd") from None
    if not frame.eof:
        raise malformed("the zstd body is cut off")
    return bytes(inflated)


def decode(signal: Signal, media: Media, body: bytes) -> Request:
    """Read an uncompressed body.

    Raises:
        Failure: 400; 413 where it would become too much in memory.
    """
    if media is Media.JSON:
        too_many = has_too_many_marks(body)
    else:
        too_many = has_too_many_parts(signal.request.DESCRIPTOR, body)
    if too_many:
        raise too_fine()
    try:
        if media is Media.JSON:
            return message_of(signal.request, body)
        return signal.request.FromString(body)
    except DecodeError:
        raise malformed(f"the body is no {signal.request.DESCRIPTOR.name}") from None
    except ValueError as error:
        # The error may quote the body; only our own sentences are passed on.
        said = str(error) if str(error).startswith("not OTLP/JSON") else "not OTLP/JSON"
        raise malformed(said) from None


def encode(media: Media, message: Message) -> bytes:
    """Write an answer in the encoding of its request."""
    if media is Media.JSON:
        return MessageToJson(message, indent=None).encode()
    return message.SerializeToString()
