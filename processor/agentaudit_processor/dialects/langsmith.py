"""Tool spans that LangSmith writes for LangChain, LangGraph and `@traceable` → ToolCall.

They bear names of the GenAI conventions, but input and output stand where a model's would.
Source: a recording of langsmith 0.15.0 with langchain 1.4.7.
"""

from dataclasses import replace

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor.dialects.record import Attributes, Source, object_of, parsed, text
from agentaudit_processor.dialects.semconv import ended_call, first_of
from agentaudit_processor.model import Json, ToolCall

DIALECT = "langsmith"
ARGUMENTS = ("gen_ai.prompt",)
RESULT = ("gen_ai.completion",)

_KIND = "langsmith.span.kind"
_NAME = "langsmith.trace.name"
_METADATA = "langsmith.metadata."
_SESSION = tuple(f"{_METADATA}{name}" for name in ("session_id", "conversation_id", "thread_id"))
"""What LangSmith makes a thread of."""
_USER = f"{_METADATA}user_id"
_READ = frozenset((_KIND, _NAME, _USER, "gen_ai.system", *_SESSION, *ARGUMENTS, *RESULT))
_TRACEBACK = "Traceback (most recent call last)"


def of_span(span: Span, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that a span of kind `tool` tells, or None."""
    if text(found, _KIND) != "tool":
        return None
    tool_name = text(found, "gen_ai.tool.name", _NAME) or span.name
    call = ended_call(span, found, source, tool_name, dialect=DIALECT, read=_READ)
    return replace(
        call,
        session_id=text(found, *_SESSION) or call.session_id,
        actor=replace(call.actor, user_id=text(found, _USER) or call.actor.user_id),
        arguments=object_of(first_of(found, ARGUMENTS)),
        result=_unwrapped(parsed(first_of(found, RESULT))),
        error_message=_first_words(call.error_message),
    )


def _unwrapped(returned: Json) -> Json:
    """What the tool gave back, out of LangChain's message around it; a failed one gave nothing."""
    if not isinstance(returned, dict):
        return returned
    output = returned.get("output")
    if isinstance(output, dict) and "tool_call_id" in output:
        return output.get("content")
    return (returned if output is None else output) or None


def _first_words(message: str | None) -> str | None:
    """What was raised, without where: the span's event has the whole trace."""
    return message.partition(_TRACEBACK)[0] if message else message
