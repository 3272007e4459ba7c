"""The hook's own records: what it writes, the processor reads."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.hook import TOLD_BY_HOOKS
from agentaudit_processor.dialects.normalise import activity_of_log, activity_of_span
from agentaudit_processor.dialects.record import Source, Unreadable
from agentaudit_processor.model import (
    Action,
    Activity,
    Actor,
    ClientVerdict,
    Decision,
    EventKind,
    Fact,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
)
from tests.support.builders import a_fact, a_request, a_tool_call
from tests.support.otlp import a_span, hook_logs, hook_traces

# Surrogates have no UTF-8 form; what the agent's JSON held of them, the hook replaces.
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_words = _texts.filter(bool)
_maybe = st.none() | _words
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)
_objects = st.dictionaries(_texts, _json, max_size=4)
_ids = st.binary(min_size=16, max_size=16).filter(any).map(bytes.hex)
_span_ids = st.binary(min_size=8, max_size=8).filter(any).map(bytes.hex)
_times = st.integers(1, 2**63 - 1)
_actors = st.builds(
    Actor,
    agent_name=_words,
    agent_version=_maybe,
    subagent_id=_maybe,
    subagent_type=_maybe,
    user_email=_maybe,
    user_id=_maybe,
    user_name=_maybe,
    host_name=_maybe,
)
_client_verdicts = st.builds(
    ClientVerdict,
    decision=st.sampled_from(Decision),
    risk_level=st.none() | st.sampled_from(RiskLevel),
    policy_version=_maybe,
    packs_version=_maybe,
)
_calls = st.builds(
    ToolCall,
    session_id=_words,
    call_id=_words,
    tool_name=_words,
    action=st.sampled_from(Action),
    actor=_actors,
    phase=st.just(Phase.ENDED),
    trace_id=_ids,
    span_id=_span_ids,
    parent_span_id=st.none() | _span_ids,
    mcp_server=_maybe,
    arguments=_objects,
    result=_json,
    outcome=st.sampled_from(Outcome),
    error_type=_maybe,
    error_message=_maybe,
    exit_code=st.none() | st.integers(-(2**31), 2**31),
    started_ns=_times,
    ended_ns=_times,
    cwd=_maybe,
    permission_mode=_maybe,
    prompt_id=_maybe,
    client_verdict=st.none() | _client_verdicts,
    replayed=st.booleans(),
    truncated=st.booleans(),
    extra=_objects,
)
_facts = st.builds(
    Fact,
    fact_id=_words,
    kind=st.sampled_from(sorted(TOLD_BY_HOOKS)),
    action=st.sampled_from(Action),
    name=_words,
    session_id=_words,
    actor=_actors,
    trace_id=_ids,
    at_ns=_times,
    cwd=_maybe,
    permission_mode=_maybe,
    prompt_id=_maybe,
    data=_objects,
    replayed=st.booleans(),
)


@given(_calls)
def test_every_ended_call_comes_back_as_it_went(call: ToolCall) -> None:
    assert read_back(call) == call


@given(_calls)
def test_every_requested_call_comes_back_as_it_went(call: ToolCall) -> None:
    request = replace(call, phase=Phase.REQUESTED, ended_ns=None)

    assert read_back(request) == request


@given(_facts)
def test_every_fact_comes_back_as_it_went(fact: Fact) -> None:
    assert read_back(fact) == fact


@pytest.mark.parametrize("kind", sorted(set(EventKind) - TOLD_BY_HOOKS))
def test_what_only_the_server_records_is_not_taken_from_a_sender(kind: EventKind) -> None:
    with pytest.raises(Unreadable, match="server's own"):
        read_back(a_fact(kind=kind))


def test_a_record_without_trace_context_gets_the_ids_of_its_session_and_call() -> None:
    request = a_request()
    record, source = log_record_of(request)
    record.trace_id, record.span_id = b"", b""

    read = activity_of_log(record, source)

    assert read == request


@pytest.mark.parametrize(
    "missing", [names.SESSION_ID, names.TOOL_CALL_ID, names.TOOL_NAME], ids=str
)
def test_a_call_that_lacks_what_it_must_have_is_refused_by_name(missing: str) -> None:
    span, source = span_of(a_tool_call())
    remove(span, missing)

    with pytest.raises(Unreadable, match=missing):
        activity_of_span(span, source)


@pytest.mark.parametrize(
    "missing", [names.SESSION_ID, names.FACT_ID, names.FACT_KIND, names.FACT_NAME], ids=str
)
def test_a_fact_that_lacks_what_it_must_have_is_refused_by_name(missing: str) -> None:
    record, source = log_record_of(a_fact())
    remove(record, missing)

    with pytest.raises(Unreadable, match=missing):
        activity_of_log(record, source)


def test_an_action_of_a_newer_hook_is_told_by_the_tool_instead() -> None:
    span, source = span_of(a_tool_call("Read", action=Action.FILE_READ))
    put(span, names.ACTION, "mind_reading")

    call = activity_of_span(span, source)

    assert isinstance(call, ToolCall)
    assert call.action == Action.FILE_READ


@pytest.mark.parametrize("broken", ["{", "[" * 5000, '{"a":' * 200, "NaN", "1" * 5000])
def test_arguments_that_are_no_json_object_are_kept_as_what_they_are(broken: str) -> None:
    span, source = span_of(a_tool_call())
    put(span, names.TOOL_ARGUMENTS, broken)

    call = activity_of_span(span, source)

    assert isinstance(call, ToolCall)
    assert call.arguments == {"value": broken}


def test_our_attributes_from_another_scope_are_no_record_of_the_hook() -> None:
    record, source = log_record_of(a_request())

    assert activity_of_log(record, replace(source, scope="someone.else")) is None


def test_a_span_that_is_no_tool_call_is_nobodys() -> None:
    span = a_span(name="chat gpt", attributes={names.OPERATION_NAME: "chat"})

    assert activity_of_span(span, Source(resource={}, scope=names.HOOK_SCOPE)) is None


# --- the way there and back -----------------------------------------------------------------------


def read_back(activity: Activity) -> Activity | None:
    if isinstance(activity, ToolCall) and activity.phase is Phase.ENDED:
        return activity_of_span(*span_of(activity))
    return activity_of_log(*log_record_of(activity))


def span_of(call: ToolCall) -> tuple[Any, Source]:
    held = hook_traces(call).resource_spans[0]
    return held.scope_spans[0].spans[0], Source.of(held.resource, held.scope_spans[0].scope)


def log_record_of(activity: Activity) -> tuple[Any, Source]:
    held = hook_logs(activity).resource_logs[0]
    return held.scope_logs[0].log_records[0], Source.of(held.resource, held.scope_logs[0].scope)


def remove(item: Any, key: str) -> None:
    kept = [pair for pair in item.attributes if pair.key != key]
    del item.attributes[:]
    item.attributes.extend(kept)


def put(item: Any, key: str, value: str) -> None:
    remove(item, key)
    item.attributes.add(key=key).value.string_value = value
