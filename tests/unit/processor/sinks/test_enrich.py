"""What was found, written onto the span or record it was found in."""

import json
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_processor import __version__
from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.normalise import activity_of_log, activity_of_span
from agentaudit_processor.dialects.record import Source, attributes_of
from agentaudit_processor.model import Activity, AuditEvent, Finding, RiskLevel, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.sinks.enrich import MASKED, MOST_KEYS, Enriched, enrich
from tests.support.builders import a_fact, a_request
from tests.support.otlp import a_span, hook_logs

SECRET = "correct-horse-battery"  # the word that these tests say is to be masked
MASK = "[secret:password:21:0123456789ab]"


def judged(judge: Judge, item: Any) -> tuple[Activity, AuditEvent]:
    source = Source(resource={}, scope=names.HOOK_SCOPE if isinstance(item, LogRecord) else "x")
    read = activity_of_log if isinstance(item, LogRecord) else activity_of_span
    activity = read(item, source)
    assert activity is not None
    return activity, judge.examine(activity).event(Policy())


def enriched(judge: Judge, item: Any, **masked: Any) -> dict[str, Any]:
    """Enrich `item`, whose Event's activity has the `masked` fields; its attributes after that."""
    activity, event = judged(judge, item)
    event = replace(event, activity=replace(event.activity, **masked))
    enrich(Enriched(item, activity, event))
    return attributes_of(item.attributes)


def test_a_call_gets_its_verdict(judge: Judge) -> None:
    span = a_span()
    _, event = judged(judge, a_span())

    found = enriched(judge, span)

    assert found[names.PROCESSOR_VERSION] == __version__
    assert found[names.RULESET_VERSION] == event.verdict.packs_version
    assert found[names.RISK_LEVEL] == "low"
    assert found[names.RISK_REASONS] == list(event.verdict.reasons)
    assert found[names.POLICY_OUTCOME] == "observe"
    assert found[names.EVENT_ID] == event.event_id
    assert found[names.SOURCE_DIALECT] == "semconv"
    assert found[names.PII_DETECTED] is False
    assert names.SECURITY_RULE_NAME not in found


def test_the_weightiest_finding_is_told_in_standard_names(judge: Judge) -> None:
    span = a_span()
    activity, event = judged(judge, span)
    tags = ("owasp.llm02:2026", "attack.t1005")
    mild = a_finding("pii.email", RiskLevel.MEDIUM, pii="email", count=2, tags=tags)
    grave = a_finding("shell.delete", RiskLevel.CRITICAL, signal="mass_delete")

    enrich(Enriched(span, activity, replace(event, findings=(mild, grave))))

    found = attributes_of(span.attributes)
    assert found[names.RISK_RULE_IDS] == ["pii.email", "shell.delete"]
    assert found[names.RISK_TAGS] == ["attack.t1005", "owasp.llm02:2026"]
    assert found[names.SECURITY_RULE_NAME] == "shell.delete"
    assert found[names.SECURITY_RULE_CATEGORY] == "mass_delete"
    assert (found[names.PII_DETECTED], found[names.PII_TYPES], found[names.PII_COUNT]) == (
        True,
        ["email"],
        2,
    )


@pytest.mark.otlp(48)
def test_nothing_else_of_a_span_is_touched(judge: Judge) -> None:
    span = a_span(
        {"x": [1, 2.5, b"\x00", {"y": None}]},
        trace_state="a=b",
        flags=0x80000101,
        dropped_attributes_count=3,
        links=[Span.Link(trace_id=b"l" * 16, span_id=b"l" * 8)],
        events=[Span.Event(name="e", time_unix_nano=1)],
        status=Status(code=Status.STATUS_CODE_ERROR, message="exit 1"),
    )
    before = Span.FromString(span.SerializeToString())

    enriched(judge, span)

    kept = len(before.attributes)
    assert list(span.attributes)[:kept] == list(before.attributes)
    del span.attributes[:], before.attributes[:]
    assert span == before


@pytest.mark.otlp(48, 59)
def test_unknown_fields_of_a_newer_sender_survive(judge: Judge) -> None:
    unknown = bytes([0xC2, 0x3E, 0x03]) + b"new"  # field 1000, length-delimited
    span = Span.FromString(a_span().SerializeToString() + unknown)

    enriched(judge, span)

    assert unknown in span.SerializeToString()


def test_what_a_sender_wrote_under_our_names_is_replaced_or_gone(judge: Judge) -> None:
    forged = {names.RISK_LEVEL: "none", names.SECRET_TYPES: ["x"], names.PII_COUNT: 9}

    found = enriched(judge, a_span(forged))

    assert found[names.RISK_LEVEL] == "low"
    assert names.SECRET_TYPES not in found
    assert names.PII_COUNT not in found


@pytest.mark.parametrize(
    "written",
    [f'{{"command": "login {SECRET}"}}', {"command": f"login {SECRET}"}],
    ids=["json text", "object"],
)
def test_arguments_go_onward_masked(judge: Judge, written: Any) -> None:
    span = a_span({names.TOOL_ARGUMENTS: written})

    found = enriched(judge, span, arguments={"command": f"login {MASK}"})

    assert found[names.TOOL_ARGUMENTS] == f'{{"command":"login {MASK}"}}'
    assert found[names.REDACTION_KEYS] == [names.TOOL_ARGUMENTS]
    assert found[names.REDACTION_COUNT] == 1
    assert SECRET.encode() not in span.SerializeToString()


def test_a_secret_goes_onward_masked_wherever_the_call_repeats_it(judge: Judge) -> None:
    command = f'login "{SECRET}"\nnow'
    span = a_span(
        {
            names.TOOL_ARGUMENTS: {"command": command},
            names.TOOL_RESULT: {"stdout": [f"hello {SECRET}"]},
            names.PROCESS_COMMAND_LINE: command,
            "custom": {"deep": [command, "fine"]},
        },
        status=Status(code=Status.STATUS_CODE_ERROR, message=f"bad {SECRET}"),
        events=[Span.Event(attributes=a_span({"exception.message": f"! bad {SECRET}"}).attributes)],
    )
    del span.events[0].attributes[:-1]

    found = enriched(
        judge,
        span,
        arguments={"command": f'login "{MASK}"\nnow'},
        result={"stdout": [f"hello {MASK}"]},
        extra={names.PROCESS_COMMAND_LINE: "masked", "custom": {"deep": ["masked", "fine"]}},
        error_message=f"bad {MASK}",
    )

    assert SECRET.encode() not in span.SerializeToString()
    assert span.status.message == f"bad {MASK}"
    assert found["custom"]["deep"][1] == "fine"


def test_content_that_the_event_does_not_keep_goes_onward_masked(judge: Judge) -> None:
    span = a_span({names.TOOL_RESULT: f"hello {SECRET}", "copy": f"<hello {SECRET}>"})

    enriched(judge, span, arguments={"withheld": "all"}, result=None, extra={})

    assert SECRET.encode() not in span.SerializeToString()
    assert MASKED in str(span)


def test_json_text_stays_json_when_a_part_of_it_is_masked(judge: Judge) -> None:
    said = f'say "{SECRET}"'
    span = a_span({names.TOOL_ARGUMENTS: {"text": said}, "copy": json.dumps({"said": said})})

    found = enriched(judge, span, arguments={"text": f'say "{MASK}"'})

    assert json.loads(found["copy"]) == {"said": f'say "{MASK}"'}


def test_ids_and_names_are_never_masked(judge: Judge) -> None:
    span = a_span({names.TOOL_ARGUMENTS: {"tool": "Bash", "of": "conversation-1"}})

    found = enriched(judge, span, arguments={"tool": MASK, "of": MASK})

    assert found[names.TOOL_NAME] == "Bash"
    assert found[names.CONVERSATION_ID] == "conversation-1"


def test_who_where_and_by_which_tool_go_onward_as_the_event_has_them(judge: Judge) -> None:
    token = "ghp_" + "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"
    span = a_span({names.PROCESS_WORKING_DIRECTORY: "/home/bob@firm.org/shop"})
    span.name = f"execute_tool save {token}"
    at = next(pair for pair in span.attributes if pair.key == names.TOOL_NAME)
    at.value.string_value = f"save {token}"

    found = enriched(judge, span)

    assert "/home/b•••@f•••.org/shop" == found[names.PROCESS_WORKING_DIRECTORY]
    assert token.encode() not in span.SerializeToString()


def test_a_short_word_is_masked_alone_but_not_within_others(judge: Judge) -> None:
    span = a_span({names.TOOL_ARGUMENTS: {"pin": "1234"}, "a": "1234", "b": "id-12345"})

    found = enriched(judge, span, arguments={"pin": MASK}, extra={"a": "1234", "b": "id-12345"})

    assert (found["a"], found["b"]) == (MASK, "id-12345")


def test_where_thousands_of_texts_are_masked_none_of_them_is_left_within_another(
    judge: Judge,
) -> None:
    """To look for each in each would take minutes."""
    texts = {f"key.{number}": f"text number {number}" for number in range(5_000)}
    span = a_span(texts | {"all": "; ".join(texts.values()), names.TOOL_CALL_ID: "call number 1"})

    found = enriched(judge, span, extra={})

    left = " ".join(value for value in found.values() if isinstance(value, str))
    assert "text number" not in left
    assert MASKED == found["all"]
    assert "call number 1" == found[names.TOOL_CALL_ID]


def test_of_very_many_masked_attributes_the_first_are_named_and_all_are_counted(
    judge: Judge,
) -> None:
    span = a_span({f"some.attribute{number}": f"value {number}" for number in range(12_000)})

    found = enriched(judge, span)

    masked = [key for key, value in found.items() if value == MASKED]
    assert MOST_KEYS < len(masked) == found[names.REDACTION_COUNT]
    assert MOST_KEYS == len(found[names.REDACTION_KEYS])


def test_a_requests_log_record_is_enriched_and_masked(judge: Judge) -> None:
    request = a_request(arguments={"command": f"login {SECRET}"})
    record = hook_logs(request).resource_logs[0].scope_logs[0].log_records[0]

    found = enriched(judge, record, arguments={"command": f"login {MASK}"})

    assert found[names.RISK_LEVEL] == "low"
    assert SECRET.encode() not in record.SerializeToString()


def test_a_facts_data_goes_onward_masked(judge: Judge) -> None:
    fact = a_fact(data={"prompt": f'say "{SECRET}"'})
    record = hook_logs(fact).resource_logs[0].scope_logs[0].log_records[0]

    found = enriched(judge, record, data={"prompt": f'say "{MASK}"'})

    assert SECRET.encode() not in record.SerializeToString()
    assert json.loads(found[names.FACT_DATA]) == {"prompt": f'say "{MASK}"'}


def test_an_enriched_call_reads_as_the_same_call(judge: Judge) -> None:
    span = a_span({names.TOOL_ARGUMENTS: {"command": f"login {SECRET}"}})

    enriched(judge, span, arguments={"command": f"login {MASK}"})

    call = activity_of_span(span, Source(resource={}, scope="x"))
    assert isinstance(call, ToolCall)
    assert call.call_id == "call-1"
    assert call.arguments == {"command": f"login {MASK}"}


def a_finding(rule_id: str, severity: RiskLevel, **fields: Any) -> Finding:
    return Finding(
        rule_id=rule_id,
        title="t",
        severity=severity,
        where="arguments",
        excerpt="e",
        explanation="x",
        advice="a",
        pack="pack@1",
        **fields,
    )
