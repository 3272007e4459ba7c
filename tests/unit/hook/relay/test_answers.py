"""Answers of a receiver: what was refused, in words that can do no harm."""

import logging

import pytest

from agentaudit_hook.relay.answers import both, read_answer
from agentaudit_hook.relay.trouble import Rejection
from agentaudit_processor.otlp import LOGS, TRACES, Signal


@pytest.mark.parametrize("signal", [TRACES, LOGS], ids=lambda signal: signal.name)
def test_full_success_refuses_nothing(signal: Signal) -> None:
    assert read_answer(signal, b"") is None


@pytest.mark.parametrize("signal", [TRACES, LOGS], ids=lambda signal: signal.name)
def test_what_was_refused_is_counted_with_the_reason(signal: Signal) -> None:
    answer = signal.answer(3, "trace_id of three bytes").SerializeToString()

    assert Rejection(count=3, why="trace_id of three bytes") == read_answer(signal, answer)


def test_a_reason_is_one_line_that_steers_no_terminal() -> None:
    answer = TRACES.answer(1, "bad\n\x1b]0;x\x07" + "y" * 1000).SerializeToString()

    rejection = read_answer(TRACES, answer)

    assert rejection is not None
    assert rejection.why.startswith("bad ?]0;x?yyy")
    assert 200 == len(rejection.why)


def test_a_warning_is_logged_and_refuses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    answer = TRACES.answer(0, "your clock is ahead").SerializeToString()

    with caplog.at_level(logging.WARNING):
        rejection = read_answer(TRACES, answer)

    assert rejection is None
    assert "the receiver warns: your clock is ahead" in caplog.text


def test_a_body_that_is_no_protobuf_refuses_nothing() -> None:
    assert read_answer(TRACES, b"OK, thank you") is None


def test_a_batch_has_log_records_and_spans() -> None:
    of_records, of_spans = Rejection(count=1, why="old"), Rejection(count=2, why="long")

    assert Rejection(count=3, why="old; long") == both(of_records, of_spans)
    assert of_spans == both(None, of_spans)
    assert both(None, None) is None
