"""Which spans are uses of a tool that spans below them tell once more, as of another layer.

Source: GenAI semantic conventions, MCP: where an outer instrumentation traces the call already, the
MCP layer should make no second span. Libraries do: of a framework's `execute_tool` span, the span
of its MCP client is a child.
"""

from collections.abc import Mapping

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from agentaudit_processor import attributes as names
from agentaudit_processor.actions import split_mcp_name

MCP_CALL = "tools/call"


class OuterCalls:
    """Of one resource; looked through once, when first somebody asks."""

    def __init__(self, held: ResourceSpans | None = None) -> None:
        self._held = held
        self._found: Mapping[tuple[bytes, bytes], str] | None = None

    def tell(self, inner: Span, tool_name: str) -> bool:
        """Whether the parent of `inner` is a use of the same tool."""
        if self._found is None:
            self._found = _uses_in(self._held) if self._held is not None else {}
        outer = self._found.get((inner.trace_id, inner.parent_span_id), "")
        # a framework may put a prefix of its own before the names of a server's tools
        return outer == tool_name or outer.endswith((f"_{tool_name}", f"-{tool_name}"))


def _uses_in(held: ResourceSpans) -> dict[tuple[bytes, bytes], str]:
    found = {}
    for scope in held.scope_spans:
        for span in scope.spans:
            told = {pair.key: pair.value.string_value for pair in span.attributes}
            is_use = told.get(names.OPERATION_NAME) == names.EXECUTE_TOOL
            if is_use and names.MCP_METHOD not in told:
                name = told.get(names.TOOL_NAME, "")
                found[span.trace_id, span.span_id] = split_mcp_name(name)[0]
    return found
