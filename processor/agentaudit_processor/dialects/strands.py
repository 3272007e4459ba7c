"""Strands Agents' `execute_tool` spans → ToolCall: the conventions, with content in span events.

By default input is in an event `gen_ai.tool.message` and output in `gen_ai.choice`; with
`gen_ai_latest_experimental` both are attributes, and events repeat them.
Source: recordings of strands-agents 1.62.
"""

from dataclasses import replace

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.record import (
    Attributes,
    Source,
    attributes_of,
    object_of,
    parsed,
    text,
)
from agentaudit_processor.dialects.semconv import ended_call
from agentaudit_processor.model import ToolCall

DIALECT = "strands"

_SCOPE = "strands.telemetry.tracer"
_INPUT, _OUTPUT = "gen_ai.tool.message", "gen_ai.choice"
_REPEATED = (_INPUT, _OUTPUT, "gen_ai.client.inference.operation.details")
_READ = frozenset(
    (
        "gen_ai.system",
        "gen_ai.tool.status",
        "gen_ai.tool.json_schema",  # about the tool, not about this use of it
        "gen_ai.event.start_time",
        "gen_ai.event.end_time",
    )
)


def of_span(span: Span, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that a span of Strands tells, or None."""
    if source.scope != _SCOPE or found.get(names.OPERATION_NAME) != names.EXECUTE_TOOL:
        return None
    tool_name = text(found, names.TOOL_NAME)
    if tool_name is None:
        return None
    others = [event for event in span.events if event.name not in _REPEATED]
    call = ended_call(span, found, source, tool_name, dialect=DIALECT, read=_READ, events=others)
    told = {event.name: attributes_of(event.attributes) for event in span.events}
    return replace(
        call,
        arguments=call.arguments or object_of(told.get(_INPUT, {}).get("content")),
        result=call.result
        if call.result is not None
        else parsed(told.get(_OUTPUT, {}).get("message")),
    )
