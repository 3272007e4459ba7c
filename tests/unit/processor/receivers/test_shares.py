"""Shares of a request: each item is in one of them, and is looked at beside all others."""

from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentaudit_processor import attributes as names
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.judging import judge_request
from agentaudit_processor.receivers.shares import Share, keep_places
from tests.support.otlp import a_span, a_trace_request, pairs

SIZES = st.lists(st.lists(st.integers(0, 4), max_size=4), max_size=4)
"""How many spans there are in each scope of each resource."""


def a_request(sizes: Sequence[Sequence[int]]) -> ExportTraceServiceRequest:
    request, numbers = ExportTraceServiceRequest(), count()
    for scopes in sizes:
        resource = request.resource_spans.add()
        for size in scopes:
            scope = resource.scope_spans.add()
            for _ in range(size):
                scope.spans.add(name=str(next(numbers)))
    return request


def names_in(request: ExportTraceServiceRequest) -> list[str]:
    return [
        span.name
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


@given(SIZES, st.integers(1, 5))
def test_each_item_is_in_one_share_and_in_its_order(sizes: list[list[int]], of: int) -> None:
    whole = names_in(a_request(sizes))
    shared: list[str] = []

    for number in range(of):
        request = a_request(sizes)
        keep_places(request, Share(number, of).places_in(len(whole)))
        shared += names_in(request)

    assert whole == shared


@given(SIZES, st.integers(0, 10), st.integers(0, 10))
def test_what_has_no_item_left_goes_with_them(
    sizes: list[list[int]], first: int, most: int
) -> None:
    request = a_request(sizes)
    whole = names_in(request)

    keep_places(request, range(first, first + most))

    assert whole[first : first + most] == names_in(request)
    left = [scope for held in request.resource_spans for scope in held.scope_spans]
    assert len([scope for scope in left if scope.spans]) <= most


@pytest.mark.parametrize("of", [1, 2, 3])
def test_shares_together_are_judged_as_the_whole_is(judge: Judge, of: int) -> None:
    spans = [a_span(span_id=bytes([0] * 7 + [number])) for number in range(5)]
    request = a_trace_request(*spans)  # the first has no valid id
    body = request.SerializeToString()
    whole = judge_request(TRACES, request, judge, Policy)

    shares = [
        judge_request(TRACES, TRACES.request.FromString(body), judge, Policy, Share(number, of))
        for number in range(of)
    ]

    assert [event.event_id for event in whole.events] == [
        event.event_id for share in shares for event in share.events
    ]
    assert (4, 1) == (whole.figures.accepted, whole.figures.refused)
    assert 4 == sum(share.figures.accepted for share in shares)
    assert 1 == sum(share.figures.refused for share in shares)
    assert 4 == sum(TRACES.count(share.request) for share in shares)


def test_a_call_is_known_again_that_a_span_of_another_share_tells(judge: Judge) -> None:
    outer = a_span({names.TOOL_NAME: "save_note", names.TOOL_CALL_ID: "outer"})
    inner = a_span(span_id=b"i" * 8, parent_span_id=outer.span_id, name="tools/call save_note")
    del inner.attributes[:]
    told = {names.MCP_METHOD: "tools/call", names.TOOL_NAME: "save_note"}
    inner.attributes.extend(pairs(told))
    body = a_trace_request(inner, outer).SerializeToString()

    shares = [
        judge_request(TRACES, TRACES.request.FromString(body), judge, Policy, Share(number, 2))
        for number in range(2)
    ]

    assert [0, 1] == [len(share.events) for share in shares]
