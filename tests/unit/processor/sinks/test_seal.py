"""An installation knows what it enriched, and takes nobody's word for it."""

from collections.abc import Callable

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor import attributes as names
from agentaudit_processor.otlp import LOGS, TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.judging import judge_request
from agentaudit_processor.sinks.forward import Outgoing, onward
from agentaudit_processor.sinks.seal import MAX_SEALS, is_sealed, seals_of
from tests.support.builders import a_fact, a_request
from tests.support.otlp import a_span, a_trace_request, hook_logs

OURS, THEIRS = b"k" * 32, b"t" * 32


def passed_through(judge: Judge, key: bytes, *spans: Span) -> list[Span]:
    """What an installation with `key` forwards of some spans."""
    judged = judge_request(TRACES, a_trace_request(*spans), judge, Policy)
    found: list[Span] = []
    for _, _, body in onward(TRACES, judged.request, judged.enriched, Outgoing(seal_key=key)):
        held = ExportTraceServiceRequest.FromString(body).resource_spans
        found += [span for one in held for scope in one.scope_spans for span in scope.spans]
    return found


def test_what_came_round_goes_round_no_more_and_the_others_go_on(judge: Judge) -> None:
    once = passed_through(judge, OURS, a_span())

    again = passed_through(judge, OURS, *once, a_span(span_id=b"2" * 8), a_span(name="chat"))

    assert [b"s" * 8] == [span.span_id for span in once]
    assert [b"2" * 8, b"s" * 8] == [span.span_id for span in again]


def test_log_records_come_round_once_too(judge: Judge) -> None:
    def onward_of(body: bytes) -> list[bytes]:
        request = LOGS.request.FromString(body)
        judged = judge_request(LOGS, request, judge, Policy)
        outgoing = Outgoing(with_detections=True, seal_key=OURS)
        return [body for _, _, body in onward(LOGS, judged.request, judged.enriched, outgoing)]

    request = hook_logs(a_request(arguments={"command": "rm -rf /"}), a_fact())
    once = onward_of(request.SerializeToString())

    again = [body for one in once for body in onward_of(one)]

    assert 2 == len(once)  # the records, and what was detected in them
    assert [] == again


@pytest.mark.parametrize(
    "forge",
    [
        lambda seal: "9" * 32,
        lambda seal: seal.upper(),
        lambda seal: seal[:31],
        lambda seal: "",
    ],
)
def test_a_made_up_seal_keeps_nothing_from_being_forwarded(
    judge: Judge, forge: Callable[[str], str]
) -> None:
    (sealed,) = passed_through(judge, OURS, a_span())
    (seal,) = seals_of(sealed)

    sent = passed_through(judge, OURS, a_span({names.PROCESSOR_SEALS: [forge(seal)]}))

    assert 1 == len(sent)
    assert is_sealed(sent[0], OURS)


def test_the_seal_of_one_span_fits_no_other(judge: Judge) -> None:
    (sealed,) = passed_through(judge, OURS, a_span())
    borrowed = {names.PROCESSOR_SEALS: seals_of(sealed)}
    others = [
        a_span(borrowed, span_id=b"o" * 8),
        a_span(borrowed, trace_id=b"o" * 16),
        a_span(borrowed, start_time_unix_nano=1),
    ]

    sent = passed_through(judge, OURS, *others)

    assert 3 == len(sent)


def test_two_installations_that_forward_to_each_other_come_to_an_end(judge: Judge) -> None:
    by_us = passed_through(judge, OURS, a_span())
    by_them = passed_through(judge, THEIRS, *by_us)

    back = passed_through(judge, OURS, *by_them)

    assert 1 == len(by_them)
    assert 2 == len(seals_of(by_them[0]))
    assert [] == back


def test_however_many_seals_come_our_own_is_put_beside_the_newest(judge: Judge) -> None:
    many = [f"{number:032x}" for number in range(100)]

    (sent,) = passed_through(judge, OURS, a_span({names.PROCESSOR_SEALS: many}))

    assert many[-(MAX_SEALS - 1) :] == seals_of(sent)[:-1]
    assert is_sealed(sent, OURS)
    assert not is_sealed(sent, THEIRS)


def test_without_a_key_nothing_is_sealed(judge: Judge) -> None:
    (sent,) = passed_through(judge, b"", a_span())

    assert [] == seals_of(sent)
