"""The span of a tool call that its agent told in a log record alone: for backends that show traces.

As the GenAI semantic conventions have it, with the call's derived ids and its content masked. An
agent that tells the same calls in spans too would be there twice: the operator asks for this.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from agentaudit_processor import __version__
from agentaudit_processor import attributes as names
from agentaudit_processor.model import Actor, Json, Outcome, Phase, ToolCall
from agentaudit_processor.otlp import Value, put_attributes
from agentaudit_processor.sinks.enrich import Enriched, found_of
from agentaudit_processor.sinks.seal import put_seals


def spans_of(enriched: Sequence[Enriched], seal_key: bytes) -> ExportTraceServiceRequest | None:
    """The ended calls among a request's log records, as sealed spans; None where there is none."""
    request = ExportTraceServiceRequest()
    scopes: dict[tuple[str | None, ...], ScopeSpans] = {}
    for one in enriched:
        call = one.event.activity
        if not isinstance(one.item, LogRecord) or not isinstance(call, ToolCall):
            continue
        if call.phase is Phase.ENDED:
            span = _scope_of(request, scopes, call.actor).spans.add()
            _fill(span, call)
            put_attributes(span, found_of(one.event, []))
            put_seals(span, seal_key, [])
    return request if scopes else None


def _scope_of(
    request: ExportTraceServiceRequest,
    scopes: dict[tuple[str | None, ...], ScopeSpans],
    actor: Actor,
) -> ScopeSpans:
    source = (actor.agent_name, actor.agent_version, actor.host_name)
    if source not in scopes:
        held = request.resource_spans.add()
        told = zip(
            (names.SERVICE_NAME, names.SERVICE_VERSION, names.HOST_NAME), source, strict=True
        )
        put_attributes(held.resource, _present(told))
        scopes[source] = held.scope_spans.add()
        scope = scopes[source].scope
        scope.name, scope.version = names.PROCESSOR_SCOPE, __version__
    return scopes[source]


def _fill(span: Span, call: ToolCall) -> None:
    span.trace_id, span.span_id = bytes.fromhex(call.trace_id), bytes.fromhex(call.span_id)
    span.parent_span_id = bytes.fromhex(call.parent_span_id or "")
    span.name = f"{names.EXECUTE_TOOL} {call.tool_name}"
    span.kind = Span.SPAN_KIND_INTERNAL
    span.start_time_unix_nano = max(call.started_ns, 0)
    span.end_time_unix_nano = max(call.ended_ns or call.started_ns, span.start_time_unix_nano)
    if call.outcome is Outcome.FAILURE:
        span.status.code = Status.STATUS_CODE_ERROR
        span.status.message = call.error_message or ""
    put_attributes(span, _present(_told_of(call).items()))


def _told_of(call: ToolCall) -> Mapping[str, Value | None]:
    return {
        names.OPERATION_NAME: names.EXECUTE_TOOL,
        names.TOOL_NAME: call.tool_name,
        names.TOOL_CALL_ID: call.call_id,
        names.TOOL_TYPE: "function",
        names.TOOL_ARGUMENTS: _json(dict(call.arguments)) if call.arguments else None,
        names.TOOL_RESULT: None if call.result is None else _json(call.result),
        names.CONVERSATION_ID: call.session_id,
        names.SESSION_ID: call.session_id,
        names.AGENT_NAME: call.actor.agent_name,
        names.MCP_SERVER: call.mcp_server,
        names.MCP_METHOD: "tools/call" if call.mcp_server else None,
        names.USER_EMAIL: call.actor.user_email,
        names.USER_ID: call.actor.user_id,
        names.ERROR_TYPE: call.error_type,
        names.PROCESS_EXIT_CODE: call.exit_code,
    }


def _present(told: Iterable[tuple[str, Value | None]]) -> dict[str, Value]:
    return {key: value for key, value in told if value is not None}


def _json(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"))
