"""OpenInference `TOOL` spans (Arize Phoenix and its instrumentations) → ToolCall.

Source: openinference-semantic-conventions 0.1.42, and recordings of its LangChain instrumentation.
"""

from collections.abc import Mapping
from dataclasses import replace

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor.dialects.record import (
    Attributes,
    Source,
    object_of,
    parsed,
    text,
)
from agentaudit_processor.dialects.semconv import ended_call, first_of
from agentaudit_processor.model import Json, ToolCall

DIALECT = "openinference"
ARGUMENTS = ("input.value", "tool.parameters")
"""In this order: of some emitters the second is what the tool takes, not what it was given."""
RESULT = ("output.value",)

_KIND = "openinference.span.kind"
_READ = frozenset(
    (
        _KIND,
        "tool.name",
        "tool.id",
        "tool_call.id",
        "agent.name",
        "tool.description",  # about the tool, not about this use of it
        "tool.json_schema",
        "input.mime_type",
        "output.mime_type",
        *RESULT,
    )
)


def of_span(span: Span, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that a `TOOL` span tells, or None."""
    if text(found, _KIND) != "TOOL":
        return None
    given = next((key for key in ARGUMENTS if found.get(key) is not None), None)
    call = ended_call(
        span,
        found,
        source,
        text(found, "tool.name", "gen_ai.tool.name") or span.name,
        dialect=DIALECT,
        read=_READ | {given} if given else _READ,
    )
    result = parsed(first_of(found, RESULT))
    call_id = text(found, "tool.id", "tool_call.id") or _call_id_in(result)
    agent_name = text(found, "agent.name")
    return replace(
        call,
        call_id=call_id or call.call_id,
        actor=replace(call.actor, agent_name=agent_name) if agent_name else call.actor,
        arguments=object_of(found[given]) if given else call.arguments,
        result=call.result if result is None else result,
    )


def _call_id_in(result: Json) -> str | None:
    """LangChain's tool messages hold the id of the call that they answer."""
    data = result.get("data") if isinstance(result, dict) else None
    return text(data, "tool_call_id") if isinstance(data, Mapping) else None
