"""An attribute of a kind that nobody expects costs no record, whatever its dialect."""

from collections.abc import Iterator
from typing import Any

import pytest

from agentaudit_processor.otlp import TRACES
from agentaudit_processor.receivers.reading import read
from tests.support.otlp import value_of
from tests.support.otlp_samples import SAMPLES, request_of, signal_of

NAMES = sorted(
    path.name
    for path in SAMPLES.iterdir()
    if path.suffix in (".bin", ".json") and "codex-0.169.0-traces" not in path.name
)
"""Of Codex's spans none is read, and there are 1,500."""
ODD: tuple[Any, ...] = (
    True,
    -1,
    2**63 - 1,
    float("nan"),
    b"\xff\0",
    "",
    "\0",
    "[]",
    "null",
    '{"args": [1], "response": {"responseParts": [{"functionResponse": 1}]}}',
    '{"kwargs": [1], "output": {"kwargs": {"content": null}}, "inputs": 5}',
    '{"output": {"tool_call_id": 1}}',
    "9" * 19,
    "1e400",
    "\u0663",  # a digit, of another script
    [],
    [[1]],
    {},
    {"response": 5},
)
MOST = 300
"""Attributes of one recording."""


def attributes_of_records(request: Any) -> Iterator[Any]:
    """Each attribute of a kind of record once: of the record, its events and its resource."""
    known = set()
    for held in getattr(request, "resource_spans", None) or request.resource_logs:
        for scope in getattr(held, "scope_spans", None) or held.scope_logs:
            for record in getattr(scope, "spans", None) or scope.log_records:
                holders = [record, *getattr(record, "events", ()), held.resource]
                for pair in (pair for holder in holders for pair in holder.attributes):
                    if (scope.scope.name, pair.key) not in known:
                        known.add((scope.scope.name, pair.key))
                        yield pair


@pytest.mark.otlp(45)
@pytest.mark.parametrize("name", NAMES)
def test_no_odd_value_of_an_attribute_costs_a_record(name: str) -> None:
    request = request_of(name)
    count = len(read(request).read)

    for place, pair in zip(range(MOST), attributes_of_records(request), strict=False):
        before = pair.value.SerializeToString()
        for odd in ODD[place % 5 :: 5]:
            pair.value.CopyFrom(value_of(odd))

            assert [] == read(request).reasons, f"{pair.key}: {odd!r}"
        pair.value.ParseFromString(before)
    assert len(read(request).read) == count
    assert count > 0 or signal_of(name) is TRACES
