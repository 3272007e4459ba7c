"""OpenLLMetry (Traceloop) tool spans → ToolCall.

Newer ones also carry names of the GenAI conventions, with the same wrapping of input and output.
Source: recordings of opentelemetry-instrumentation-langchain 0.62.4.
"""

from collections.abc import Mapping
from dataclasses import replace

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor.actions import action_of
from agentaudit_processor.dialects.record import (
    Attributes,
    Source,
    object_of,
    parsed,
    text,
)
from agentaudit_processor.dialects.semconv import ended_call, first_of
from agentaudit_processor.model import Json, ToolCall

DIALECT = "traceloop"
ARGUMENTS = ("traceloop.entity.input", "gen_ai.tool.call.arguments")
RESULT = ("traceloop.entity.output", "gen_ai.tool.call.result")

_KIND = "traceloop.span.kind"
_NAME = "traceloop.entity.name"
_PROPERTIES = "traceloop.association.properties."
_SESSION = tuple(
    f"{_PROPERTIES}{name}" for name in ("session_id", "conversation_id", "thread_id", "chat_id")
)
_USER = f"{_PROPERTIES}user_id"
_READ = frozenset((_KIND, _NAME, _USER, *_SESSION, *ARGUMENTS, *RESULT))


def of_span(span: Span, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that a span of kind `tool` tells, or None."""
    if text(found, _KIND) != "tool":
        return None
    tool_name = text(found, "gen_ai.tool.name", _NAME) or span.name.removesuffix(".tool")
    call = ended_call(span, found, source, tool_name, dialect=DIALECT, read=_READ)
    given, returned = parsed(first_of(found, ARGUMENTS)), parsed(first_of(found, RESULT))
    agent_name = text(found, "gen_ai.agent.name", "traceloop.workflow.name")
    return replace(
        call,
        session_id=text(found, *_SESSION) or call.session_id,
        call_id=_call_id(given) or call.call_id,
        action=action_of(tool_name, call.mcp_server),
        actor=replace(
            call.actor,
            agent_name=agent_name or call.actor.agent_name,
            user_id=text(found, _USER) or call.actor.user_id,
        ),
        arguments=object_of(_unwrapped_input(given)),
        result=_unwrapped_output(returned),
    )


def _call_id(given: Json) -> str | None:
    keywords = given.get("kwargs") if isinstance(given, dict) else None
    return text(keywords, "tool_call_id") if isinstance(keywords, Mapping) else None


def _unwrapped_input(given: Json) -> Json:
    """The tool's own input, out of LangChain's callback arguments."""
    if isinstance(given, dict):
        for name in ("inputs", "input_str"):
            if given.get(name) is not None:
                return given[name]
    return given


def _unwrapped_output(returned: Json) -> Json:
    if isinstance(returned, dict) and returned.get("output") is not None:
        output = returned["output"]
        message = output.get("kwargs") if isinstance(output, dict) else None
        return message.get("content", output) if isinstance(message, dict) else output
    return returned
