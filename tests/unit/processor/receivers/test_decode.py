"""The bytes of a request: what is read, what is refused."""

import json

import pytest
from google.rpc.status_pb2 import Status

from agentaudit_processor.otlp import LOGS, METRICS, SIGNALS, TRACES
from agentaudit_processor.receivers.decode import Media, decode, encode
from agentaudit_processor.receivers.failures import Failure, failure_of
from tests.support.otlp import a_span, a_trace_request


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
