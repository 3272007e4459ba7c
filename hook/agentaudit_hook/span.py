"""ToolCall or Fact → OTel span or log record. The processor's `dialects.hook` is its inverse.

A call that has ended is a span; its request and every Fact are log records. Ids and times are the
Activity's own: nothing here is random, and nothing reads a clock. Content is in its wire form
already: secrets were masked before it was spooled.
"""

import json
import platform
from collections.abc import Mapping, Sequence
from functools import lru_cache

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from agentaudit_hook import __version__
from agentaudit_processor import attributes as names
from agentaudit_processor.model import (
    Action,
    Activity,
    Actor,
    Fact,
    Json,
    Outcome,
    Phase,
    ToolCall,
)

_SCOPE = InstrumentationScope(names.HOOK_SCOPE, __version__)
_PROVIDERS = {"claude-code": "anthropic", "codex": "openai", "gemini-cli": "gcp.gemini"}
_MACHINE: dict[str, str] = {
    names.HOST_ARCH: {"x86_64": "amd64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    ),
    names.OS_TYPE: platform.system().lower(),
    names.OS_VERSION: platform.mac_ver()[0] or platform.release(),
}
_PATH_KEYS = ("file_path", "notebook_path", "path")

Value = str | bool | int


def is_span(activity: Activity) -> bool:
    """Tell whether `activity` travels as a span; else it is a log record."""
    return isinstance(activity, ToolCall) and activity.phase is Phase.ENDED


def to_span(call: ToolCall) -> ReadableSpan:
    """The span of a call that has ended."""
    failed = call.outcome is Outcome.FAILURE
    return ReadableSpan(
        name=f"{names.EXECUTE_TOOL} {call.tool_name}",
        context=_context(call.trace_id, call.span_id),
        parent=_context(call.trace_id, call.parent_span_id) if call.parent_span_id else None,
        resource=_resource_of(call.actor),
        attributes=_call_attributes(call, in_status=failed),
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, call.error_message) if failed else Status(),
        start_time=call.started_ns,
        end_time=call.started_ns if call.ended_ns is None else call.ended_ns,
        instrumentation_scope=_SCOPE,
    )


def to_log_record(activity: Activity) -> ReadableLogRecord:
    """The log record of a requested call or of a Fact."""
    if isinstance(activity, ToolCall):
        attributes = _call_attributes(activity, in_status=False)
        if activity.parent_span_id:
            attributes[names.PARENT_SPAN_ID] = activity.parent_span_id
        name, at_ns, span_id = names.EVENT_TOOL_REQUESTED, activity.started_ns, activity.span_id
    else:
        attributes = _fact_attributes(activity)
        name, at_ns, span_id = names.EVENT_FACT, activity.at_ns, ""
    record = LogRecord(
        timestamp=at_ns,
        observed_timestamp=at_ns,
        context=_in_context(activity.trace_id, span_id),
        severity_number=SeverityNumber.INFO,
        attributes=attributes,
        event_name=name,
    )
    return ReadableLogRecord(record, _resource_of(activity.actor), _SCOPE)


def _call_attributes(call: ToolCall, *, in_status: bool) -> dict[str, Value]:
    """`in_status`: the error message is told by the span's status."""
    told: dict[str, Value | None] = {
        names.OPERATION_NAME: names.EXECUTE_TOOL,
        names.TOOL_NAME: call.tool_name,
        names.TOOL_CALL_ID: call.call_id,
        names.TOOL_TYPE: "function",
        names.TOOL_ARGUMENTS: _json(call.arguments),
        names.TOOL_RESULT: None if call.result is None else _json(call.result),
        names.MCP_SERVER: call.mcp_server,
        names.MCP_METHOD: "tools/call" if call.mcp_server else None,
        names.OUTCOME: call.outcome.value,
        names.ERROR_TYPE: call.error_type,
        names.ERROR_MESSAGE: None if in_status else call.error_message,
        names.PROCESS_EXIT_CODE: call.exit_code,
        names.CONTENT_TRUNCATED: True if call.truncated else None,
        names.EXTRA: _own_extra(call.extra),
        names.HOOK_EVENT: _text(call.extra.get("hook_event_name")),
        **_repository_attributes(call.extra),
        **_verdict_attributes(call),
        **_action_attributes(call),
        **_common_attributes(call),
    }
    return _present(told)


def _own_extra(extra: Mapping[str, Json]) -> str | None:
    """What has no attribute of its own."""
    own = {name: value for name, value in extra.items() if not _is_of_repository(name, value)}
    return _json(own) if own else None


def _is_of_repository(name: str, value: Json) -> bool:
    return name in names.OF_THE_REPOSITORY and isinstance(value, str) and value != ""


def _repository_attributes(extra: Mapping[str, Json]) -> dict[str, Value | None]:
    told = ((name, extra.get(name)) for name in names.OF_THE_REPOSITORY)
    return {name: _text(value) for name, value in told if _is_of_repository(name, value)}


def _verdict_attributes(call: ToolCall) -> dict[str, Value | None]:
    verdict = call.client_verdict
    if verdict is None:
        return {}
    return {
        names.HOOK_DECISION: verdict.decision.value,
        names.HOOK_RISK_LEVEL: verdict.risk_level.label if verdict.risk_level else None,
        names.HOOK_POLICY_VERSION: verdict.policy_version,
        names.HOOK_PACKS_VERSION: verdict.packs_version,
        names.HOOK_RULE_IDS: _joined(verdict.rule_ids),
    }


def _action_attributes(call: ToolCall) -> dict[str, Value | None]:
    """Standard names for what every backend knows to show: a command line, a file, a URL."""
    match call.action:
        case Action.SHELL_COMMAND:
            command = _text(call.arguments.get("command"))
            return {names.PROCESS_COMMAND_LINE: command, names.PROCESS_WORKING_DIRECTORY: call.cwd}
        case Action.FILE_READ | Action.FILE_WRITE | Action.FILE_EDIT:
            paths = (_text(call.arguments.get(key)) for key in _PATH_KEYS)
            return {names.FILE_PATH: next(filter(None, paths), None)}
        case Action.WEB_FETCH:
            return {names.URL_FULL: _text(call.arguments.get("url"))}
        case _:
            return {}


def _fact_attributes(fact: Fact) -> dict[str, Value]:
    return _present(
        {
            names.FACT_ID: fact.fact_id,
            names.FACT_KIND: fact.kind.value,
            names.FACT_NAME: fact.name,
            names.FACT_DATA: _own_extra(fact.data),
            names.HOOK_EVENT: fact.name,
            **_repository_attributes(fact.data),
            **_common_attributes(fact),
        }
    )


def _common_attributes(activity: Activity) -> dict[str, Value | None]:
    actor = activity.actor
    return {
        names.ACTION: activity.action.value,
        names.CONVERSATION_ID: activity.session_id,
        names.SESSION_ID: activity.session_id,
        names.AGENT_NAME: actor.agent_name,
        names.PROVIDER_NAME: _PROVIDERS.get(actor.agent_name),
        names.USER_EMAIL: actor.user_email,
        names.USER_ID: actor.user_id,
        names.USER_NAME: actor.user_name,
        names.SUBAGENT_ID: actor.subagent_id,
        names.SUBAGENT_TYPE: actor.subagent_type,
        names.PERMISSION_MODE: activity.permission_mode,
        names.PROMPT_ID: activity.prompt_id,
        names.CWD: activity.cwd,
        names.SPOOL_REPLAYED: True if activity.replayed else None,
        names.CLIENT_SEQUENCE: activity.client_sequence,
        names.CONTENT_REDUCED: _joined(activity.reduced),
        names.HOOK_VERSION: __version__,
    }


def _resource_of(actor: Actor) -> Resource:
    return _resource(actor.agent_name, actor.agent_version, actor.host_name)


@lru_cache(maxsize=64)
def _resource(agent: str, version: str | None, host: str | None) -> Resource:
    """Cached: the exporter groups by it. Built bare: detectors would read the environment."""
    told: dict[str, Value | None] = {
        names.SERVICE_NAME: agent,
        names.SERVICE_VERSION: version,
        names.HOST_NAME: host,
        **_MACHINE,
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": sdk_version,
    }
    return Resource(_present(told))


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(span_id or "0", 16),
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _in_context(trace_id: str, span_id: str) -> Context:
    return set_span_in_context(NonRecordingSpan(_context(trace_id, span_id)), Context())


def _present(told: dict[str, Value | None]) -> dict[str, Value]:
    return {key: value for key, value in told.items() if value is not None}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _joined(words: Sequence[str]) -> str | None:
    return ", ".join(words) or None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
