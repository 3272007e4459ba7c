"""The server's log lines as JSON: one object a line, whatever is logged."""

import json
import logging
import sys

from opentelemetry.sdk.trace import TracerProvider

from agentaudit_backend.log_lines import JsonLines


def record(message: str, **fields: object) -> logging.LogRecord:
    return logging.LogRecord("a.b", logging.WARNING, __file__, 1, message, (), None, **fields)  # type: ignore[arg-type]


def test_a_line_says_when_how_grave_who_and_what() -> None:
    one = record("the disk is full")
    one.created, one.msecs = 1_700_000_000.25, 250.0

    told = json.loads(JsonLines().format(one))

    assert {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "warning",
        "logger": "a.b",
        "message": "the disk is full",
    } == told


def test_hostile_text_stays_within_its_line() -> None:
    text = 'a\nb\r\x1b[31m"\u2028\ud800'

    line = JsonLines().format(record(text))

    assert line.isascii()
    assert line.isprintable()
    assert text == json.loads(line)["message"]


def test_an_error_is_told_on_the_same_line() -> None:
    try:
        raise ValueError("x")
    except ValueError:
        one = record("failed")
        one.exc_info = sys.exc_info()

    line = JsonLines().format(one)

    assert "\n" not in line
    assert "ValueError: x" in json.loads(line)["exception"]


def test_within_a_span_the_line_bears_its_ids() -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")

    with tracer.start_as_current_span("a") as span:
        told = json.loads(JsonLines().format(record("x")))

    assert f"{span.get_span_context().span_id:016x}" == told["span_id"]
    assert f"{span.get_span_context().trace_id:032x}" == told["trace_id"]
