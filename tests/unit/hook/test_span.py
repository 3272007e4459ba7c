"""Spans and log records: the processor reads back exactly what the hook wrote."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from agentaudit_hook.relay.records import Unreadable, pack_record, unpack_record
from agentaudit_hook.span import to_log_record, to_span
from agentaudit_processor import attributes as names
from agentaudit_processor.model import (
    Action,
    Activity,
    ClientVerdict,
    Decision,
    Outcome,
    RiskLevel,
)
from tests.support.builders import NOON_NS, a_fact, a_request, a_tool_call, an_actor
from tests.support.through_otlp import through_otlp

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
_MAYBE = st.none() | _TEXT
_JSON = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=8,
)
_ACTORS = st.builds(
    an_actor,
    agent_version=_MAYBE,
    subagent_id=_MAYBE,
    subagent_type=_MAYBE,
    user_email=_MAYBE,
    user_id=_MAYBE,
    user_name=_MAYBE,
    host_name=_MAYBE,
)
_VERDICTS = st.builds(
    ClientVerdict,
    decision=st.sampled_from(Decision),
    risk_level=st.none() | st.sampled_from(RiskLevel),
    policy_version=_MAYBE,
    packs_version=_MAYBE,
    rule_ids=st.lists(st.sampled_from(["pii.email", "secrets.key"]), unique=True).map(tuple),
)
_COMMON: dict[str, Any] = {
    "session_id": _TEXT,
    "actor": _ACTORS,
    "cwd": _MAYBE,
    "permission_mode": _MAYBE,
    "prompt_id": _MAYBE,
    "action": st.sampled_from(Action),
    "replayed": st.booleans(),
    "reduced": st.sampled_from([(), ("arguments: hash", "user: name")]),
}
_CALL = _COMMON | {
    "tool": _TEXT,
    "call_id": _TEXT,
    "parent_span_id": st.none() | st.just("b7ad6b7169203331"),
    "mcp_server": _MAYBE,
    "arguments": st.dictionaries(_TEXT, _JSON, max_size=4),
    "outcome": st.sampled_from(Outcome),
    "error_type": _MAYBE,
    "error_message": _MAYBE,
    "exit_code": st.none() | st.integers(-255, 255),
    "client_verdict": st.none() | _VERDICTS,
    "truncated": st.booleans(),
    "extra": st.dictionaries(_TEXT, _JSON, max_size=4),
}
_ACTIVITIES = st.one_of(
    st.builds(a_tool_call, **_CALL, result=_JSON),
    st.builds(a_request, **_CALL),
    st.builds(a_fact, **_COMMON, data=st.dictionaries(_TEXT, _JSON, max_size=4)),
)


@settings(max_examples=200, deadline=None)
@given(_ACTIVITIES)
def test_every_field_survives_the_wire(activity: Activity) -> None:
    assert activity == through_otlp(activity)


@settings(max_examples=200, deadline=None)
@given(_ACTIVITIES)
def test_every_field_survives_the_spool(activity: Activity) -> None:
    assert (activity, NOON_NS) == unpack_record(pack_record(activity, NOON_NS))


def test_a_result_full_of_brackets_stays_an_object() -> None:
    coloured = "\x1b[32mok\x1b[0m " * 200

    call = a_tool_call(result={"stdout": coloured})

    assert call == through_otlp(call)


def test_a_span_is_what_the_conventions_ask_for() -> None:
    span = to_span(a_tool_call("Bash"))

    assert ("execute_tool Bash", SpanKind.INTERNAL) == (span.name, span.kind)
    assert StatusCode.UNSET == span.status.status_code
    expected = {
        names.OPERATION_NAME: "execute_tool",
        names.TOOL_NAME: "Bash",
        names.TOOL_CALL_ID: "toolu_1",
        names.TOOL_ARGUMENTS: '{"command":"echo hello"}',
        names.PROCESS_COMMAND_LINE: "echo hello",
        names.PROVIDER_NAME: "anthropic",
    }
    assert expected == {key: _attributes(span)[key] for key in expected}
    assert "claude-code" == span.resource.attributes[names.SERVICE_NAME]
    assert span.instrumentation_scope is not None
    assert "agentaudit.hook" == span.instrumentation_scope.name


def test_a_failure_is_an_error_with_its_message() -> None:
    call = a_tool_call(outcome=Outcome.FAILURE, error_type="timeout", error_message="too slow")

    span = to_span(call)

    assert (StatusCode.ERROR, "too slow") == (span.status.status_code, span.status.description)
    assert "timeout" == _attributes(span)[names.ERROR_TYPE]


def test_a_late_request_keeps_its_time_and_its_ids() -> None:
    request = a_request(replayed=True)

    record = to_log_record(request).log_record

    assert "agentaudit.tool.requested" == record.event_name
    assert NOON_NS == record.timestamp
    assert int(request.span_id, 16) == record.span_id
    assert record.attributes is not None
    assert record.attributes[names.SPOOL_REPLAYED] is True


@pytest.mark.parametrize(
    "packed",
    [b"", b"{", b"[]", b'{"v":1}', b'{"v":1,"at":1,"call":{}}', b'{"v":9,"at":1,"fact":{"x":1}}'],
)
def test_a_record_of_another_shape_is_unreadable(packed: bytes) -> None:
    with pytest.raises(Unreadable):
        unpack_record(packed)


def test_the_environment_does_not_leak_into_the_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment=secret")
    actor = replace(an_actor(), host_name="fresh-host")

    span = to_span(a_tool_call(actor=actor))

    assert "deployment" not in span.resource.attributes


def _attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_what_is_checked_out_has_the_names_of_the_conventions() -> None:
    repository: dict[str, Any] = {
        names.VCS_REPOSITORY_URL: "https://git.example.com/shop/api",
        names.VCS_REF_NAME: "main",
        names.VCS_REF_REVISION: "0f" * 20,
    }
    call = a_tool_call(extra={"hook_event_name": "PostToolUse"} | repository)
    fact = a_fact(data={"source": "startup"} | repository)

    span = to_span(call)
    record = to_log_record(fact).log_record

    for attributes in (span.attributes, record.attributes):
        assert attributes is not None
        assert repository.items() <= attributes.items()
    assert '{"hook_event_name":"PostToolUse"}' == (span.attributes or {})[names.EXTRA]
    assert (call, fact) == (through_otlp(call), through_otlp(fact))


def test_the_resource_is_the_agent_on_this_machine() -> None:
    resource = to_span(a_tool_call()).resource.attributes

    assert ("claude-code", "2.1.330", "lap-7") == (
        resource[names.SERVICE_NAME],
        resource[names.SERVICE_VERSION],
        resource[names.HOST_NAME],
    )
    assert resource[names.OS_TYPE] in ("linux", "darwin", "windows")
    assert resource[names.OS_VERSION]
    assert resource[names.HOST_ARCH]
