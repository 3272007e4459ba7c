"""What a hostile or broken sender may put into a span: it is stored, and costs no other record.

A record that the store cannot take would be sent again for ever, with all the others of its batch.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from agentaudit_backend.store.store import Store
from agentaudit_processor import attributes as names
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Caller
from agentaudit_processor.receivers.ingest import Ingest
from tests.conftest import DATABASES, new_database
from tests.support.otlp import a_span, a_trace_request
from tests.support.stores import a_store

LONG = "x" * 100_000
SPANS: dict[str, dict[str, Any]] = {
    "lone surrogate": {"attributes": {names.TOOL_ARGUMENTS: r'{"command": "a\ud800b"}'}},
    "lone surrogate in a key": {"attributes": {names.TOOL_ARGUMENTS: r'{"a\ud800b": 1}'}},
    "NUL": {"attributes": {names.TOOL_ARGUMENTS: r'{"a": "\u0000"}', names.TOOL_RESULT: "\0"}},
    "NUL in ids": {"attributes": {names.CONVERSATION_ID: "c\0", names.TOOL_NAME: "t\0"}},
    "NUL in the actor": {"attributes": {names.USER_EMAIL: "a\0@x", names.AGENT_NAME: "\0"}},
    "endless integer": {"attributes": {names.TOOL_ARGUMENTS: '{"n": 1' + "0" * 400 + "}"}},
    "exit code of 63 bits": {"attributes": {names.PROCESS_EXIT_CODE: 2**63 - 1}},
    "exit code that is no 64 bits": {"attributes": {names.PROCESS_EXIT_CODE: "9" * 19}},
    "exit code in other digits": {"attributes": {names.PROCESS_EXIT_CODE: "\u0663\u0664"}},
    "time zero": {"start_time_unix_nano": 0, "end_time_unix_nano": 0},
    "end of time": {"start_time_unix_nano": 2**64 - 1, "end_time_unix_nano": 2**64 - 1},
    "end before start": {"start_time_unix_nano": 10**18, "end_time_unix_nano": 1},
    "long names": {"attributes": {names.TOOL_NAME: LONG, names.USER_EMAIL: LONG}},
    "long session": {"attributes": {names.CONVERSATION_ID: LONG, names.ERROR_TYPE: LONG}},
    "deep lists": {"attributes": {names.TOOL_ARGUMENTS: "[" * 99 + "]" * 99}},
    "deeper than we read": {"attributes": {names.TOOL_ARGUMENTS: "[" * 5000 + "]" * 5000}},
    "terminal escapes": {"attributes": {names.TOOL_ARGUMENTS: r'{"a": "\u001b]0;x\u0007\u202e"}'}},
    "parent of three bytes": {"parent_span_id": b"abc"},
    "parent of a megabyte": {"parent_span_id": b"abcdefgh" * 131_072},
    "trace state of a megabyte": {"trace_state": "a=b," * 262_144},
    "argument of ten megabytes": {"attributes": {names.TOOL_ARGUMENTS: "rm -rf x; " * 1_000_000}},
    "no numbers": {
        "attributes": {
            names.TOOL_ARGUMENTS: '{"a": NaN, "b": -Infinity, "c": 1e999}',
            names.PROCESS_EXIT_CODE: float("nan"),
        }
    },
    "blank tool": {"attributes": {names.TOOL_NAME: " "}},
    "many attributes": {"attributes": {f"k{number}": "v" for number in range(2000)}},
}


@pytest.fixture(scope="module", params=DATABASES)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    with a_store(new_database(request, tmp_path_factory.mktemp("hostile"))) as opened:
        yield opened


@pytest.mark.otlp(50)
@pytest.mark.parametrize("what", SPANS, ids=str)
def test_a_hostile_span_is_stored_beside_an_ordinary_one(
    store: Store, judge: Judge, what: str
) -> None:
    fields = dict(SPANS[what])
    place = list(SPANS).index(what) + 1
    attributes = {names.TOOL_CALL_ID: f"hostile-{place}"} | fields.pop("attributes", {})
    hostile = a_span(attributes, span_id=place.to_bytes(8, "big"), **fields)
    ordinary = a_span({names.TOOL_CALL_ID: f"ordinary-{place}"}, span_id=b"o" * 7 + bytes([place]))
    organization_id = store.default_organization()
    caller = Caller(organization_id=organization_id, key_id=1, role="ingest")
    ingest = Ingest(gate=store.access, policies=store.access, judge=judge, store=store)

    before = stored(store)

    taken = ingest.take(TRACES, caller, a_trace_request(hostile, ordinary))

    assert stored(store) == before + 2
    assert taken.rejected == 0
    assert ("clock is ahead" in taken.message) == (what == "end of time")
    assert "processor_judge_failures" not in ingest.tally.snapshot()


def stored(store: Store) -> int:
    with store._engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM event")).scalar_one()
