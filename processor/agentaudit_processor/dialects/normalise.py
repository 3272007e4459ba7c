"""Span or log record → Activity, or None for what is no tool call and no fact of ours.

A new way of writing a tool call is one module beside this one and one line in a tuple below. The
first dialect that knows a record reads it: the narrower ones stand before `semconv`.
"""

from collections.abc import Callable

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from agentaudit_processor.attributes import EXECUTE_TOOL
from agentaudit_processor.dialects import (
    claude_code,
    codex,
    gemini_cli,
    hook,
    langsmith,
    openinference,
    semconv,
    strands,
    traceloop,
)
from agentaudit_processor.dialects.outer_calls import OuterCalls
from agentaudit_processor.dialects.record import Attributes, Source, attributes_of
from agentaudit_processor.model import Activity

_SPANS: tuple[Callable[[Span, Attributes, Source], Activity | None], ...] = (
    hook.of_span,
    claude_code.of_span,
    openinference.of_span,
    traceloop.of_span,
    langsmith.of_span,
    strands.of_span,
    gemini_cli.of_span,
    semconv.of_span,
)
_LOGS: tuple[Callable[[LogRecord, Attributes, Source], Activity | None], ...] = (
    hook.of_log,
    claude_code.of_log,
    codex.of_log,
    gemini_cli.of_log,
)
CONTENT_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    claude_code.DIALECT: (claude_code.ARGUMENTS, ()),
    codex.DIALECT: (codex.ARGUMENTS, codex.RESULT),
    gemini_cli.DIALECT: (gemini_cli.ARGUMENTS, ()),
    openinference.DIALECT: (openinference.ARGUMENTS[:1], openinference.RESULT),
    langsmith.DIALECT: (langsmith.ARGUMENTS, ()),
    traceloop.DIALECT: ((), ()),  # wrapped in more, see there
}
"""Attributes that hold a call's whole arguments and whole result, by dialect; where one is not
named, those of `semconv`."""


def source_of_spans(
    held: ResourceSpans, spans: ScopeSpans, sibling: Source | None = None
) -> Source:
    """Where `spans` came from, and those of them that only complete others.

    Args:
        sibling: what this gave for another scope of `held`.
    """
    nests = spans.scope.name == claude_code.SPANS_SCOPE
    children = claude_code.children_of(spans.spans) if nests else None
    if sibling is not None:
        return sibling.beside(spans.scope, children)
    return Source.of(held.resource, spans.scope, children, OuterCalls(held))


def activity_of_span(span: Span, source: Source) -> Activity | None:
    """Read a span whose trace id and span id are valid.

    Raises:
        Unreadable: it says that it is ours, and is broken.
    """
    if codex.is_inner_span(source) and not span.name.startswith(EXECUTE_TOOL):
        return None
    found = attributes_of(span.attributes)
    for read in _SPANS:
        activity = read(span, found, source)
        if activity is not None:
            return activity
    return None


def activity_of_log(record: LogRecord, source: Source) -> Activity | None:
    """Read a log record; its trace and span ids may be absent.

    Raises:
        Unreadable: it says that it is ours, and is broken.
    """
    found = attributes_of(record.attributes)
    for read in _LOGS:
        activity = read(record, found, source)
        if activity is not None:
            return activity
    return None
