"""Whatever way an agent writes a secret in its telemetry, it does not go onward."""

import json
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from agentaudit_processor.dialects.normalise import (
    activity_of_log,
    activity_of_span,
    source_of_spans,
)
from agentaudit_processor.dialects.record import Source
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.sinks.enrich import Enriched, enrich
from tests.support.builders import NOON_NS
from tests.support.otlp import pairs

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
COMMAND = f"curl -H 'Authorization: Bearer {SECRET}' https://api.github.com"
ARGUMENTS = json.dumps({"command": COMMAND}, indent=2)
CLAUDE = {"session.id": "s", "tool_name": "Bash", "tool_use_id": "toolu_1", "success": "true"}
GEMINI = {
    "event.name": "gemini_cli.tool_call",
    "session.id": "s",
    "function_name": "run_shell_command",
}

LOGS = {
    "claude_code": (
        "claude_code.tool_result",
        CLAUDE
        | {"tool_input": ARGUMENTS, "tool_parameters": json.dumps({"full_command": COMMAND})},
    ),
    "claude_code.decision": (
        "claude_code.tool_decision",
        CLAUDE | {"tool_parameters": json.dumps({"full_command": COMMAND}), "decision": "accept"},
    ),
    "codex": (
        "",
        {
            "event.name": "codex.tool_result",
            "conversation.id": "s",
            "call_id": "call_1",
            "tool_name": "exec_command",
            "arguments": ARGUMENTS,
            "output": f"Process exited with code 0\nOutput:\n{SECRET}\n",
        },
    ),
    "gemini_cli": ("Tool call", GEMINI | {"function_args": ARGUMENTS}),
}
SPANS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "claude_code.span": (
        "com.anthropic.claude_code.tracing",
        "claude_code.tool",
        CLAUDE | {"full_command": COMMAND},
    ),
    "gemini_cli.span": (
        "gemini-cli",
        "tool_call",
        {
            "gen_ai.operation.name": "tool_call",
            "gen_ai.tool.name": "run_shell_command",
            "gen_ai.input.messages": json.dumps({"args": {"command": COMMAND}}),
        },
    ),
    "openinference": (
        "x",
        "shell",
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "shell",
            "input.value": ARGUMENTS,
            "tool.parameters": ARGUMENTS,
            "output.value": SECRET,
        },
    ),
    "langsmith": (
        "langsmith",
        "shell",
        {
            "langsmith.span.kind": "tool",
            "gen_ai.prompt": json.dumps({"command": COMMAND}),
            "gen_ai.completion": json.dumps(
                {"output": {"content": SECRET, "tool_call_id": "call_1"}}
            ),
        },
    ),
    "traceloop": (
        "x",
        "shell.tool",
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "shell",
            "traceloop.entity.input": json.dumps({"inputs": {"command": COMMAND}}),
            "traceloop.entity.output": SECRET,
        },
    ),
    "strands": (
        "strands.telemetry.tracer",
        "execute_tool shell",
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "shell",
            "gen_ai.tool.call.arguments": ARGUMENTS,
        },
    ),
}


@pytest.mark.parametrize("dialect", list(LOGS))
def test_a_secret_in_a_log_record_goes_onward_masked(judge: Judge, dialect: str) -> None:
    body, attributes = LOGS[dialect]
    record = LogRecord(time_unix_nano=NOON_NS, attributes=pairs(attributes))
    record.body.string_value = body
    activity = activity_of_log(record, Source(resource={}, scope="x"))
    assert activity is not None
    assert activity.dialect == dialect

    enrich(Enriched(record, activity, judge.examine(activity).event(Policy())))

    assert SECRET.encode() not in record.SerializeToString()
    assert b"[secret:" in record.SerializeToString()


@pytest.mark.parametrize("dialect", list(SPANS))
def test_a_secret_in_a_span_goes_onward_masked(judge: Judge, dialect: str) -> None:
    scope, name, attributes = SPANS[dialect]
    span = Span(name=name, trace_id=b"t" * 16, span_id=b"s" * 8, attributes=pairs(attributes))
    event = span.events.add(name="tool.output")
    event.attributes.append(KeyValue(key="output"))
    event.attributes[0].value.string_value = f"token is {SECRET}"
    held = ScopeSpans(scope=InstrumentationScope(name=scope), spans=[span])
    source = source_of_spans(ResourceSpans(resource=Resource()), held)
    activity = activity_of_span(span, source)
    assert activity is not None
    assert activity.dialect == dialect

    enrich(Enriched(span, activity, judge.examine(activity).event(Policy())))

    assert SECRET.encode() not in span.SerializeToString()
    assert b"[secret:" in span.SerializeToString()
