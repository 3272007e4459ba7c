"""What becomes of a call's record: with its verdict, completed, blocked, abandoned. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from agentaudit_hook.relay.capture import keeps_arguments_back
from agentaudit_processor.model import (
    ClientVerdict,
    Decision,
    Fact,
    Finding,
    Json,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
    Verdict,
)
from agentaudit_processor.policy import Policy

FAULT_LEVEL = RiskLevel.HIGH
"""What the server gives to a call that its judge could not judge: input may be made to be so."""
FAILED_OPEN = "hook_failed_open"
FAILED_CLOSED = "hook_failed_closed"


class Heard(StrEnum):
    """How an event reached the relay."""

    LIVE = "live"
    """The agent is waiting."""
    LATE = "late"
    """From the inbox: the call ran without having been judged."""
    REFUSED = "refused"
    """From the inbox: the client refused the call by itself, as the policy wants on a failure."""


def with_verdict(wire: ToolCall, verdict: Verdict, heard: Heard) -> ToolCall:
    """A call with what was decided. An ended one was decided when it was asked for."""
    earlier = wire.client_verdict
    decision = earlier.decision if earlier else verdict.decision
    extra = dict(wire.extra)
    if wire.phase is Phase.REQUESTED and heard is Heard.REFUSED:
        decision = Decision.BLOCK
        extra[FAILED_CLOSED] = True
    elif heard is not Heard.LIVE and decision in (Decision.BLOCK, Decision.ASK):
        decision = Decision.ALLOW
        extra[FAILED_OPEN] = True
    told = ClientVerdict(
        decision=decision,
        risk_level=verdict.risk_level,
        policy_version=verdict.policy_version,
        packs_version=verdict.packs_version,
    )
    return replace(wire, client_verdict=told, extra=extra)


def with_rules(call: ToolCall, findings: Sequence[Finding]) -> ToolCall:
    """A judged call that also tells which rules found something in what is kept back of it."""
    if call.client_verdict is None:
        return call
    rule_ids = tuple(dict.fromkeys(finding.rule_id for finding in findings))
    return replace(call, client_verdict=replace(call.client_verdict, rule_ids=rule_ids))


def decision_of(call: ToolCall) -> Decision | None:
    """What the hook decided, if it did."""
    return call.client_verdict.decision if call.client_verdict else None


def completed(call: ToolCall, request: ToolCall | None) -> ToolCall:
    """An ended call with what only its request knew: when, where, in which trace, decided how."""
    if request is None:
        return call
    was_blocked = decision_of(request) is Decision.BLOCK
    denied = call.error_type == "permission_denied"
    return replace(
        call,
        started_ns=min(request.started_ns, call.started_ns),
        cwd=request.cwd or call.cwd,
        trace_id=request.trace_id,
        span_id=request.span_id,
        parent_span_id=request.parent_span_id,
        client_verdict=request.client_verdict,
        error_type="policy_block" if was_blocked and denied else call.error_type,
        truncated=call.truncated or request.truncated,
    )


def blocked(wire: ToolCall, at_ns: int, reason: str | None) -> ToolCall:
    """The end of a call that was stopped."""
    return replace(
        wire,
        phase=Phase.ENDED,
        outcome=Outcome.FAILURE,
        error_type="policy_block",
        error_message=None if keeps_arguments_back(wire) else reason,
        ended_ns=at_ns,
    )


def failed_closed(wire: ToolCall, policy: Policy) -> ToolCall:
    """A call that its verdict would have let through, stopped because something failed."""
    verdict = wire.client_verdict or fault_verdict(policy)
    return replace(
        wire,
        client_verdict=replace(verdict, decision=Decision.BLOCK),
        extra={**wire.extra, FAILED_CLOSED: True},
    )


def failed_closed_fact(fact: Fact) -> Fact:
    """A Fact about what might be a call, with the word that it was stopped."""
    return replace(fact, data={**fact.data, FAILED_CLOSED: True})


def abandoned(request: ToolCall, at_ns: int) -> ToolCall:
    """The end of a call of which nothing more was heard."""
    return replace(
        request,
        phase=Phase.ENDED,
        outcome=Outcome.UNKNOWN,
        error_type="abandoned",
        ended_ns=max(at_ns, request.started_ns),
    )


def bare_call(call: ToolCall, error: Exception) -> ToolCall:
    """What is left when masking failed: that it happened, and no content."""
    return replace(call, arguments={}, result=None, error_message=None, extra=fault(error))


def fault_verdict(policy: Policy) -> ClientVerdict:
    """What is decided when the judge failed."""
    return ClientVerdict(
        decision=Decision.BLOCK,
        risk_level=FAULT_LEVEL,
        policy_version=str(policy.version),
        packs_version=None,
    )


def fault(error: Exception) -> dict[str, Json]:
    """What stands for content that could not be masked."""
    return {"hook_fault": f"content left out: {type(error).__name__}"}
