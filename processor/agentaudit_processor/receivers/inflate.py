"""Undo a Content-Encoding: the names that a Collector takes, each within a limit of bytes."""

import zlib
from typing import Any

from agentaudit_processor.receivers.failures import malformed, too_large, unsupported

MAX_MEMBERS = 100
"""Of one gzip body, frames of a zstd one: senders write one; each costs a copy of what follows."""
ZSTD_MAX_WINDOW = 8 * 1024 * 1024
"""Bytes; what RFC 9659 lets a Content-Encoding ask of a receiver."""
_ZSTD_PIECE = 256
"""Bytes; four of them may become 128 KiB."""
_WBITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS, "zlib": zlib.MAX_WBITS}
_FRAMED = b"\xff\x06\x00\x00sNaPpY"
"""How a body in snappy's framing begins."""
_KNOWN = "gzip, zstd, zlib, deflate, snappy, x-snappy-framed, lz4 or identity"


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
    if name == "snappy":
        return _inflate_snappy(body, limit)
    if name in ("lz4", "x-snappy-framed"):
        import cramjam  # noqa: PLC0415  of the extra `server`

        codec = cramjam.lz4 if name == "lz4" else cramjam.snappy
        return _inflate_framed(codec, name, body, limit)
    if name not in _WBITS:
        raise unsupported(f"Content-Encoding must be {_KNOWN}")
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


def _inflate_snappy(body: bytes, limit: int) -> bytes:
    """One block, which is what `snappy` stands for; older senders put the framing there."""
    import cramjam  # noqa: PLC0415  of the extra `server`

    if body.startswith(_FRAMED):
        return _inflate_framed(cramjam.snappy, "snappy", body, limit)
    try:
        if cramjam.snappy.decompress_raw_len(body) > limit:
            raise too_large(limit)
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise malformed("the body is not snappy") from None


def _inflate_framed(codec: Any, name: str, body: bytes, limit: int) -> bytes:
    """Into memory of the limit's size, of which the system gives no more than is written to."""
    import cramjam  # noqa: PLC0415  as above

    room = bytearray(limit + 1)
    try:
        size = codec.decompress_into(body, room)
    except cramjam.DecompressionError as error:
        if "write whole buffer" in str(error):
            raise too_large(limit) from None
        raise malformed(f"the body is not {name}") from None
    if size > limit:
        raise too_large(limit)
    return bytes(memoryview(room)[:size])
