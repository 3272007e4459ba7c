"""Our hook's spans and log records → ToolCall or Fact: the inverse of `agentaudit_hook.span`."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor import attributes as names
from agentaudit_processor.actions import action_of
from agentaudit_processor.dialects.record import (
    Attributes,
    Source,
    Unreadable,
    actor_told,
    id_of,
    integer,
    parsed,
    text,
    texts_of,
    truth,
)
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import (
    Action,
    Activity,
    Actor,
    ClientVerdict,
    Decision,
    EventKind,
    Fact,
    Json,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
)

DIALECT = "agentaudit"
MAX_WORDS = 100
TOLD_BY_HOOKS = frozenset(
    (
        EventKind.SESSION,
        EventKind.PROMPT,
        EventKind.PERMISSION,
        EventKind.CONFIG_CHANGE,
        EventKind.LOGGING_STATE,
        EventKind.HEARTBEAT,
        EventKind.GAP,
    )
)
"""Facts of other kinds (an approval, a review, a change of the policy) only the server records:
they are evidence of what people did in it, which no sender may make up."""

Texts = Mapping[str, str]
_Member = TypeVar("_Member", bound=Enum)


def of_span(span: Span, found: Attributes, source: Source) -> ToolCall | None:
    """The ended call that a span of ours tells, or None.

    Raises:
        Unreadable: the span is ours and lacks what a call must have.
    """
    if source.scope != names.HOOK_SCOPE or found.get(names.OPERATION_NAME) != names.EXECUTE_TOOL:
        return None
    return _tool_call(
        found,
        source,
        phase=Phase.ENDED,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=id_of(span.parent_span_id, 8),
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        error_message=span.status.message or text(found, names.ERROR_MESSAGE),
    )


def of_log(record: LogRecord, found: Attributes, source: Source) -> Activity | None:
    """The requested call or the fact that a log record of ours tells, or None.

    Raises:
        Unreadable: the record is ours and lacks what it must have.
    """
    if source.scope != names.HOOK_SCOPE:
        return None
    if record.event_name == names.EVENT_TOOL_REQUESTED:
        texts = texts_of(found)
        session_id, call_id = _needed(texts, names.SESSION_ID), _needed(texts, names.TOOL_CALL_ID)
        return _tool_call(
            found,
            source,
            phase=Phase.REQUESTED,
            trace_id=id_of(record.trace_id, 16) or trace_id_of(session_id),
            span_id=id_of(record.span_id, 8) or span_id_of(session_id, call_id),
            parent_span_id=text(found, names.PARENT_SPAN_ID),
            started_ns=record.time_unix_nano or record.observed_time_unix_nano,
            ended_ns=None,
            error_message=text(found, names.ERROR_MESSAGE),
        )
    if record.event_name == names.EVENT_FACT:
        return _fact(record, found, source)
    return None


def _tool_call(
    found: Attributes,
    source: Source,
    *,
    phase: Phase,
    trace_id: str,
    span_id: str,
    parent_span_id: str | None,
    started_ns: int,
    ended_ns: int | None,
    error_message: str | None,
) -> ToolCall:
    texts = texts_of(found)
    tool_name, mcp_server = _needed(texts, names.TOOL_NAME), texts.get(names.MCP_SERVER)
    return ToolCall(
        session_id=_needed(texts, names.SESSION_ID),
        call_id=_needed(texts, names.TOOL_CALL_ID),
        tool_name=tool_name,
        action=_member(Action, found, names.ACTION) or action_of(tool_name, mcp_server),
        actor=_actor(texts, source),
        phase=phase,
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent_span_id,
        mcp_server=mcp_server,
        arguments=_object(found, names.TOOL_ARGUMENTS),
        result=parsed(found.get(names.TOOL_RESULT)),
        outcome=_member(Outcome, found, names.OUTCOME) or Outcome.UNKNOWN,
        error_type=texts.get(names.ERROR_TYPE),
        error_message=error_message,
        exit_code=integer(found, names.PROCESS_EXIT_CODE),
        started_ns=started_ns,
        ended_ns=ended_ns,
        cwd=texts.get(names.CWD),
        permission_mode=texts.get(names.PERMISSION_MODE),
        prompt_id=texts.get(names.PROMPT_ID),
        client_verdict=_client_verdict(texts),
        dialect=DIALECT,
        replayed=truth(found, names.SPOOL_REPLAYED),
        client_sequence=integer(found, names.CLIENT_SEQUENCE),
        reduced=_words(texts, names.CONTENT_REDUCED),
        truncated=truth(found, names.CONTENT_TRUNCATED),
        extra=_extra(found, texts, names.EXTRA),
    )


def _fact(record: LogRecord, found: Attributes, source: Source) -> Fact:
    texts = texts_of(found)
    session_id = _needed(texts, names.SESSION_ID)
    kind = _member(EventKind, found, names.FACT_KIND)
    if kind is None:
        raise Unreadable(f"{names.FACT_KIND} is missing or unknown")
    if kind not in TOLD_BY_HOOKS:
        raise Unreadable(f"{names.FACT_KIND}: {kind} is the server's own to record")
    return Fact(
        fact_id=_needed(texts, names.FACT_ID),
        kind=kind,
        action=_member(Action, found, names.ACTION) or Action.OTHER,
        name=_needed(texts, names.FACT_NAME),
        session_id=session_id,
        actor=_actor(texts, source),
        trace_id=id_of(record.trace_id, 16) or trace_id_of(session_id),
        at_ns=record.time_unix_nano or record.observed_time_unix_nano,
        cwd=texts.get(names.CWD),
        permission_mode=texts.get(names.PERMISSION_MODE),
        prompt_id=texts.get(names.PROMPT_ID),
        data=_extra(found, texts, names.FACT_DATA),
        dialect=DIALECT,
        replayed=truth(found, names.SPOOL_REPLAYED),
        client_sequence=integer(found, names.CLIENT_SEQUENCE),
        reduced=_words(texts, names.CONTENT_REDUCED),
    )


def _actor(texts: Texts, source: Source) -> Actor:
    agent = source.texts.get(names.SERVICE_NAME) or texts.get(names.AGENT_NAME)
    return actor_told(texts, source, agent)


def _client_verdict(texts: Texts) -> ClientVerdict | None:
    decision = _member(Decision, texts, names.HOOK_DECISION)
    if decision is None:
        return None
    return ClientVerdict(
        decision=decision,
        risk_level=_risk_level(texts.get(names.HOOK_RISK_LEVEL)),
        policy_version=texts.get(names.HOOK_POLICY_VERSION),
        packs_version=texts.get(names.HOOK_PACKS_VERSION),
        rule_ids=_words(texts, names.HOOK_RULE_IDS),
    )


def _words(texts: Texts, key: str) -> tuple[str, ...]:
    told = texts.get(key)
    return tuple(filter(None, told.split(", ")))[:MAX_WORDS] if told else ()


def _risk_level(label: str | None) -> RiskLevel | None:
    try:
        return RiskLevel.parse(label) if label else None
    except ValueError:
        return None


def _object(found: Attributes, key: str) -> dict[str, Json]:
    value = parsed(found.get(key))
    if isinstance(value, dict):
        return value
    return {} if value is None else {"value": value}


def _extra(found: Attributes, texts: Texts, key: str) -> dict[str, Json]:
    """What the hook sent under `key`, and beside it what is checked out."""
    told: dict[str, Json] = {name: texts[name] for name in names.OF_THE_REPOSITORY if name in texts}
    return _object(found, key) | told


def _needed(texts: Texts, key: str) -> str:
    value = texts.get(key)
    if value is None:
        raise Unreadable(f"{key} is missing")
    return value


def _member(kind: type[_Member], found: Attributes, key: str) -> _Member | None:
    """None for a word that this version does not know: a newer hook's record is not lost."""
    value = found.get(key)
    member: _Member | None = kind._value2member_map_.get(value) if isinstance(value, str) else None  # type: ignore[assignment]
    return member
