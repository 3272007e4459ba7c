"""The bytes of a request: what is read, what is refused, and how much memory it may cost."""

import gzip
import json
import tracemalloc
import zlib

import pytest
import zstandard
from google.rpc.status_pb2 import Status

from agentaudit_processor.otlp import LOGS, METRICS, SIGNALS, TRACES
from agentaudit_processor.receivers.decode import Media, decode, encode, inflate
from agentaudit_processor.receivers.failures import Failure, failure_of
from tests.support.otlp import a_span, a_trace_request

MIB = 1024 * 1024


@pytest.mark.otlp(6)
@pytest.mark.parametrize(
    ("content_type", "media"),
    [
        ("application/x-protobuf", Media.PROTOBUF),
        ("application/json", Media.JSON),
        ("Application/JSON; charset=utf-8", Media.JSON),
    ],
)
def test_the_content_type_tells_the_encoding_whatever_its_parameters(
    content_type: str, media: Media
) -> None:
    assert Media.of(content_type) == media


@pytest.mark.otlp(7)
@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/protobuf+json"])
def test_another_content_type_is_415(content_type: str | None) -> None:
    with pytest.raises(Failure) as refused:
        Media.of(content_type)

    assert refused.value.http_status == 415


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
    ],
    ids=["gzip", "upper case", "two members", "deflate", "zstd", "two frames"],
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
    tracemalloc.start()

    with pytest.raises(Failure) as refused:
        inflate(bomb, "zstd", MIB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.value.http_status == 413
    assert peak < 40 * MIB


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
    tracemalloc.start()

    with pytest.raises(Failure) as refused:
        inflate(bomb, "gzip", MIB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.value.http_status == 413
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


@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\x05abc", b"hello"])
def test_a_body_that_is_no_message_is_400(body: bytes) -> None:
    with pytest.raises(Failure) as refused:
        decode(TRACES, Media.PROTOBUF, body)

    assert refused.value.http_status == 400


@pytest.mark.otlp(51)
def test_invalid_utf8_in_a_string_is_400() -> None:
    body = (
        a_trace_request(a_span(name="NAME"))
        .SerializeToString()
        .replace(b"NAME", b"\xff\xfe\xfd\xfc")
    )

    with pytest.raises(Failure) as refused:
        decode(TRACES, Media.PROTOBUF, body)

    assert refused.value.http_status == 400


@pytest.mark.otlp(20)
@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_an_empty_body_is_an_empty_request(signal: object) -> None:
    assert signal.count(decode(signal, Media.PROTOBUF, b"")) == 0  # type: ignore[attr-defined, arg-type]


@pytest.mark.otlp(18, 19)
def test_full_success_is_an_empty_body_in_protobuf_and_an_empty_object_in_json() -> None:
    answer = TRACES.answer(0, "")

    assert encode(Media.PROTOBUF, answer) == b""
    assert json.loads(encode(Media.JSON, answer)) == {}


@pytest.mark.otlp(21)
@pytest.mark.parametrize(
    ("signal", "name"),
    [(TRACES, "rejectedSpans"), (LOGS, "rejectedLogRecords"), (METRICS, "rejectedDataPoints")],
    ids=["traces", "logs", "metrics"],
)
def test_partial_success_counts_in_the_signals_own_words(signal: object, name: str) -> None:
    answer = json.loads(encode(Media.JSON, signal.answer(3, "bad ids")))  # type: ignore[attr-defined]

    assert answer == {"partialSuccess": {name: "3", "errorMessage": "bad ids"}}


@pytest.mark.otlp(30)
def test_an_error_that_nobody_foresaw_asks_the_sender_to_try_again_and_quotes_nothing() -> None:
    failure = failure_of(KeyError("sk-secret"))

    assert failure.http_status == 503
    assert failure.is_retryable
    assert "sk-secret" not in failure.message


@pytest.mark.otlp(25)
def test_a_failure_is_a_status_that_json_can_tell() -> None:
    failure = failure_of(KeyError())

    told = json.loads(encode(Media.JSON, failure.status))

    assert told["code"] == 14
    assert told["details"][0]["retryDelay"] == "2s"
    assert Status.FromString(encode(Media.PROTOBUF, failure.status)) == failure.status
