"""Content encodings: what is inflated, what is refused, and how much memory it may cost."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import cramjam
import pytest
import zstandard

from agentaudit_processor.receivers.failures import Failure
from agentaudit_processor.receivers.inflate import inflate

MIB = 1024 * 1024


def refusal_of(bomb: bytes, encoding: str) -> tuple[int, int]:
    """The status that a body is refused with, and the bytes that this took at the most."""
    tracemalloc.start()
    try:
        with pytest.raises(Failure) as failure:
            inflate(bomb, encoding, MIB)
        return failure.value.http_status, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


def framed_snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress(body))


def lz4(body: bytes) -> bytes:
    return bytes(cramjam.lz4.compress(body))


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_a_plain_body_is_taken_as_it_is(encoding: str | None) -> None:
    assert inflate(b"body", encoding, MIB) == b"body"


@pytest.mark.otlp(9, 11)
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"body")),
        ("GZIP", gzip.compress(b"body")),
        ("gzip", gzip.compress(b"bo") + gzip.compress(b"dy")),
        ("deflate", zlib.compress(b"body")),
        ("zstd", zstandard.compress(b"body")),
        ("zstd", zstandard.compress(b"bo") + zstandard.compress(b"dy")),
        ("zlib", zlib.compress(b"body")),
        ("snappy", snappy(b"body")),
        ("snappy", framed_snappy(b"body")),
        ("x-snappy-framed", framed_snappy(b"bo") + framed_snappy(b"dy")),
        ("lz4", lz4(b"body")),
    ],
    ids=[
        *("gzip", "upper case", "two members", "deflate", "zstd", "two frames", "zlib"),
        *("snappy", "older snappy", "framed snappy", "lz4"),
    ],
)
def test_a_compressed_body_is_inflated(encoding: str, body: bytes) -> None:
    assert inflate(body, encoding, MIB) == b"body"


@pytest.mark.otlp(12)
@pytest.mark.parametrize(
    "body",
    [b"not gzip", gzip.compress(b"body")[:-6], gzip.compress(b"body") + b"rubbish"],
    ids=["no gzip", "cut off", "rubbish behind"],
)
def test_a_corrupt_gzip_body_is_400(body: bytes) -> None:
    with pytest.raises(Failure) as refused:
        inflate(body, "gzip", MIB)

    assert refused.value.http_status == 400


@pytest.mark.otlp(12)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not zstd",
        zstandard.compress(b"body")[:-3],
        zstandard.compress(b"body") + b"rubbish",
        zstandard.compress(b"") * 10_000,
    ],
    ids=["nothing", "no zstd", "cut off", "rubbish behind", "frames without number"],
)
def test_a_corrupt_zstd_body_is_400(body: bytes) -> None:
    with pytest.raises(Failure) as refused:
        inflate(body, "zstd", MIB)

    assert refused.value.http_status == 400


@pytest.mark.otlp(16)
def test_a_zstd_bomb_is_refused_close_to_the_limit() -> None:
    bomb = zstandard.compress(b"\0" * (200 * MIB))

    status, peak = refusal_of(bomb, "zstd")

    assert status == 413
    assert peak < 40 * MIB


@pytest.mark.otlp(12)
@pytest.mark.parametrize("encoding", ["snappy", "x-snappy-framed", "lz4"])
@pytest.mark.parametrize("hurt", ["nothing", "no such thing", "cut off", "rubbish behind"])
def test_a_corrupt_snappy_or_lz4_body_is_400(encoding: str, hurt: str) -> None:
    whole = {"snappy": snappy, "x-snappy-framed": framed_snappy, "lz4": lz4}[encoding](b"body" * 99)
    body = {"no such thing": b"hello", "cut off": whole[:-5], "rubbish behind": whole + b"rubbish"}

    if encoding == "x-snappy-framed" and hurt == "nothing":
        assert b"" == inflate(b"", encoding, MIB)  # a stream of no frames
        return
    with pytest.raises(Failure) as refused:
        inflate(body.get(hurt, b""), encoding, MIB)

    assert 400 == refused.value.http_status


@pytest.mark.otlp(14, 16)
@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("snappy", snappy), ("x-snappy-framed", framed_snappy), ("lz4", lz4)],
)
def test_a_snappy_or_lz4_bomb_is_refused_and_what_fits_is_taken(
    encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    fits = inflate(compress(b"\0" * MIB), encoding, MIB)

    with pytest.raises(Failure) as refused:
        inflate(compress(b"\0" * (MIB + 1)), encoding, MIB)

    assert MIB == len(fits)
    assert 413 == refused.value.http_status


@pytest.mark.otlp(11)
def test_an_unknown_content_encoding_is_415() -> None:
    with pytest.raises(Failure) as refused:
        inflate(b"", "br", MIB)

    assert refused.value.http_status == 415


@pytest.mark.otlp(14)
def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert len(inflate(gzip.compress(b"x" * MIB), "gzip", MIB)) == MIB


@pytest.mark.otlp(16)
def test_inflating_a_bomb_stops_at_the_limit_and_costs_no_more_memory() -> None:
    bomb = gzip.compress(b"\0" * (200 * MIB))

    status, peak = refusal_of(bomb, "gzip")

    assert status == 413
    assert peak < 8 * MIB


def test_gzip_members_without_number_are_refused_at_once() -> None:
    body = gzip.compress(b"") * 200_000  # each would cost a copy of the 4 MB behind it

    with pytest.raises(Failure) as caught:
        inflate(body, "gzip", 1_000_000)

    assert 400 == caught.value.http_status


def test_many_small_gzip_members_cannot_get_past_the_limit() -> None:
    with pytest.raises(Failure) as refused:
        inflate(gzip.compress(b"\0" * MIB) * 3, "gzip", 2 * MIB)

    assert refused.value.http_status == 413
