"""Slots: what a leaf commits to, and how it is written beside the Event."""

import json

from hypothesis import given
from hypothesis import strategies as st

from agentaudit_backend.ledger.canonical import slot_text
from agentaudit_backend.store.sealing import slots_from_text, slots_of, slots_to_text
from tests.support.audit_events import a_finding, an_event
from tests.support.builders import a_fact, a_request, a_tool_call

NAMES = st.sampled_from(["user", "host", "arguments", "result", "error", "extra"])


@given(st.dictionaries(NAMES, st.text() | st.lists(st.text())))
def test_slots_are_read_back_as_they_were_written(values: dict[str, object]) -> None:
    slots = {name: slot_text(value) for name, value in values.items()}  # type: ignore[arg-type]

    assert slots == slots_from_text(slots_to_text(slots))


def test_every_text_of_a_call_is_in_a_slot() -> None:
    call = a_tool_call(error_message="it broke", extra={"x": 1})

    slots = slots_of(an_event(call, findings=(a_finding(),)))

    assert {
        "arguments",
        "cwd",
        "error",
        "explanation",
        "extra",
        "findings",
        "host",
        "result",
        "user",
    } == set(slots)
    assert {"email": "alice@example.com", "name": "alice"} == json.loads(slots["user"])


def test_what_is_absent_has_no_slot() -> None:
    slots = slots_of(an_event(a_request(cwd=None)))

    assert {"arguments", "explanation", "host", "user"} == set(slots)


def test_a_result_that_is_false_or_zero_is_kept() -> None:
    for value in (False, 0, ""):
        assert value == json.loads(slots_of(an_event(a_tool_call(result=value)))["result"])


def test_a_fact_has_its_data_in_a_slot() -> None:
    assert {"source": "startup"} == json.loads(slots_of(an_event(a_fact()))["data"])
