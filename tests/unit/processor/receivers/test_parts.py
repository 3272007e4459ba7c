"""Bodies within their limit of bytes that would be gigabytes once read: they are refused unread."""

import gzip
from collections.abc import Iterator

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from agentaudit_processor.otlp import LOGS, METRICS, TRACES, Signal
from agentaudit_processor.receivers import parts
from agentaudit_processor.receivers.decode import Media, decode
from agentaudit_processor.receivers.failures import Failure
from agentaudit_processor.receivers.inflate import inflate
from agentaudit_processor.receivers.parts import has_too_many_marks, has_too_many_parts
from tests.support.otlp import a_span, a_trace_request
from tests.support.wire import part

KIB = 1024
MOST = 10_000
"""Of each, in place of millions."""
MANY = MOST + 1
EMPTY = b"\x0a\x00" * MANY
"""Field 1, again and again, with nothing in it."""
PROTOBUF = {
    "resources": EMPTY,
    "scopes": part(1, b"\x12\x00" * MANY),
    "spans": part(1, part(2, b"\x12\x00" * MANY)),
    "attributes": part(1, part(2, part(2, b"\x4a\x00" * MANY))),
    "events": part(1, part(2, part(2, b"\x5a\x00" * MANY))),
    "links of four bytes": part(1, part(2, part(2, b"\x6a\x02\x22\x00" * MANY))),
    "an unknown number": part(1, b"\xf8\x01\x01" * MANY * 4),
}
JSON = {
    "objects": b'{"resourceSpans":[' + b"{}," * MANY + b"{}]}",
    "lists nobody asked for": b'{"x":[' + b"[]," * MANY + b"[]]}",
    "texts": b'{"x":[' + b'"",' * MANY + b'""]}',
}


@pytest.fixture(autouse=True)
def _low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_PARTS", MOST)
    monkeypatch.setattr(parts, "MAX_FIELDS", 4 * MOST)
    monkeypatch.setattr(parts, "MAX_MARKS", MOST)


def refused(signal: Signal, media: Media, body: bytes) -> int:
    with pytest.raises(Failure) as failure:
        decode(signal, media, body)
    assert "send smaller batches" in failure.value.message
    assert not failure.value.is_retryable
    return failure.value.http_status


@pytest.mark.otlp(16)
@pytest.mark.parametrize("what", PROTOBUF)
def test_millions_of_parts_in_protobuf_are_refused_before_they_are_objects(what: str) -> None:
    assert 413 == refused(TRACES, Media.PROTOBUF, PROTOBUF[what])


@pytest.mark.otlp(16)
@pytest.mark.parametrize("what", JSON)
def test_millions_of_parts_in_json_are_refused_before_they_are_objects(what: str) -> None:
    assert 413 == refused(TRACES, Media.JSON, JSON[what])


def test_metrics_and_logs_are_counted_too() -> None:
    packed = ExportMetricsServiceRequest()
    buckets = packed.resource_metrics.add().scope_metrics.add().metrics.add()
    point = buckets.exponential_histogram.data_points.add()
    point.positive.bucket_counts.extend([1] * MANY * 12)

    assert 413 == refused(METRICS, Media.PROTOBUF, packed.SerializeToString())
    assert 413 == refused(LOGS, Media.PROTOBUF, EMPTY)


def test_a_gzip_of_kilobytes_that_holds_millions_of_parts_is_refused() -> None:
    bomb = gzip.compress(EMPTY)

    assert len(bomb) < KIB
    assert 413 == refused(TRACES, Media.PROTOBUF, inflate(bomb, "gzip", 64 * KIB))


def large_bodies() -> Iterator[tuple[Media, bytes]]:
    text = 'a "{[,]}" b\\ ' * (20 * KIB)
    request = a_trace_request(a_span({"output": text}))
    yield Media.PROTOBUF, request.SerializeToString()
    marks = '{\\"a\\": [1, 2, 3]}, \\\\' * 20 * KIB
    yield Media.JSON, f'{{"resourceSpans":[{{"schemaUrl":"{marks}"}}]}}'.encode()


@pytest.mark.parametrize("media", Media)
def test_marks_and_short_words_within_texts_are_no_parts(media: Media) -> None:
    (body,) = [body for told, body in large_bodies() if told is media]

    read: Message = decode(TRACES, media, body)

    assert read.ByteSize() > 11 * MOST


def test_what_is_no_protobuf_is_left_to_its_reader() -> None:
    descriptor = TRACES.request.DESCRIPTOR
    broken = [EMPTY[:-1] + b"\x0a\xff", b"\xff" * 50 * KIB, part(1, b"\x0a\x7f") * MOST, b""]

    assert [True, False, False, False] == [has_too_many_parts(descriptor, one) for one in broken]


def test_few_marks_are_not_looked_at_twice() -> None:
    assert not has_too_many_marks(b'{"a": "' + b"x" * 2 * MOST)
