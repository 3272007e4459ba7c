"""The recorder: one hook event → records in the spool, and the answer to the agent.

parse → judge → mask → spool, synced → answer. Nothing unmasked is kept, and nothing is answered
before the record of it is on disk.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from agentaudit_hook.agents.shape import Heard, Told
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.refusal import refusal
from agentaudit_hook.relay.status import StatusFile
from agentaudit_processor.model import (
    Activity,
    ClientVerdict,
    Decision,
    Fact,
    Json,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
    Verdict,
)
from agentaudit_processor.policy import Policy

if TYPE_CHECKING:
    from agentaudit_processor.pipeline import Examination, Judge

_log = logging.getLogger(__name__)

_FAULT_LEVEL = RiskLevel.HIGH
"""What the server gives to a call that its judge could not judge: input may be made to be so."""
_UNJUDGED = (
    "Blocked by AgenticAudit: this call could not be judged, and the policy blocks what is "
    "high risk. Write it in a simpler way; if that does not help, tell the user."
)


class Agent(Protocol):
    """What a module of `agentaudit_hook.agents` offers."""

    def parse(self, told: Told) -> Heard:
        """Hook JSON → what it tells; never fails."""
        ...

    def deny(self, reason: str) -> bytes:
        """What stops the call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer, and the call that it stops once the agent has it."""

    stdout: bytes = b""
    stopped: ToolCall | None = None


class Recorder:
    """Safe for several threads; the spool's own lock gives records their order."""

    def __init__(
        self,
        *,
        judge: "Judge",
        policy: Callable[[], Policy],
        keeper: Keeper,
        open_calls: OpenCalls,
        status: StatusFile,
    ) -> None:
        self._judge = judge
        self._policy = policy
        self._keeper = keeper
        self._open = open_calls
        self._status = status

    def take(self, agent: Agent, told: Told, *, live: bool) -> Reply:
        """Record one hook event and answer it.

        Args:
            agent: whose event it is.
            told: the event.
            live: the agent is waiting. Otherwise the event comes from the inbox: its call has run
                without having been judged, so that no decision can be claimed for it.

        Raises:
            OSError: not live, and the spool cannot be written: the inbox must keep the event.
        """
        heard = agent.parse(told)
        policy = self._policy()
        reply = Reply()
        records: list[Activity] = []
        if heard.requested is not None:
            wire, exam = self._judged_call(heard.requested, policy, enforced=live)
            records.append(wire)
            self._open.open(wire)
            if live and _decision(wire) is Decision.BLOCK:
                reason = refusal(exam.verdict(policy), exam.findings) if exam else _UNJUDGED
                reply = Reply(stdout=agent.deny(reason), stopped=_blocked(wire, told.at_ns, reason))
        over = [self._judged_call(call, policy)[0] for call in self._over(heard, told.at_ns)]
        facts = [self._masked(fact, policy) for fact in heard.facts]
        self._keep([*records, *over, *facts], live=live)
        # Said after they are on disk: a crash in between tells them again, with the same ids.
        self._open.end(over)
        return reply

    def confirm(self, reply: Reply) -> None:
        """The agent has the decision: the call it stopped is over."""
        if reply.stopped is not None and not self._open.has_ended(reply.stopped):
            self._keep([reply.stopped])
            self._open.end([reply.stopped])

    def abandon_older_than(self, started_ns: int) -> None:
        """End calls of which nothing was heard for too long."""
        lost = self._open.older_than(started_ns)
        if lost:
            policy, now_ns = self._policy(), time.time_ns()
            self._keep([self._judged_call(_abandoned(call, now_ns), policy)[0] for call in lost])
            self._open.end(lost)

    def _over(self, heard: Heard, at_ns: int) -> list[ToolCall]:
        """Calls that this event ends, with what their requests told."""
        ended = [self._open.named(call) for call in heard.ended]
        news = [call for call in heard.listed if not self._open.has_ended(call)]
        over = [_completed(c, self._open.request_of(c)) for c in (*ended, *news)]
        if heard.closes is not None:
            over += [_abandoned(call, at_ns) for call in self._open.covered_by(heard.closes)]
        return over

    def _judged_call(
        self, call: ToolCall, policy: Policy, *, enforced: bool = True
    ) -> tuple[ToolCall, "Examination | None"]:
        """The wire form (no secret in it any more) with its verdict, and what is behind that."""
        try:
            exam = self._judge.examine(call, digest_key=policy.digest_key)
            wire, verdict = exam.without_secrets(), exam.verdict(policy)
        except Exception as error:  # noqa: BLE001  a fault in the judge must not cost the record
            _log.error("the judge failed: %s", type(error).__name__)
            bare = _bare_call(call, error)
            blocks = policy.threshold is not None and policy.threshold <= _FAULT_LEVEL
            if enforced and blocks and call.phase is Phase.REQUESTED:
                bare = replace(bare, client_verdict=_fault_verdict(policy))
            return bare, None
        assert isinstance(wire, ToolCall)  # noqa: S101  as its input was
        return _with_verdict(wire, verdict, enforced), exam

    def _masked(self, fact: Fact, policy: Policy) -> Activity:
        try:
            return self._judge.examine(fact, digest_key=policy.digest_key).without_secrets()
        except Exception as error:  # noqa: BLE001  as above
            _log.error("the judge failed: %s", type(error).__name__)
            return replace(fact, data=_fault(error))

    def _keep(self, records: Sequence[Activity], *, live: bool = True) -> None:
        if not records:
            return
        try:
            self._keeper.keep(records)
        except OSError as error:
            # The decision still stands; the status says that it is not on record.
            self._status.tell("spool", f"The spool cannot be written ({error}): free disk space.")
            if not live:
                raise
            return
        self._status.tell("spool", None)


def _with_verdict(wire: ToolCall, verdict: Verdict, enforced: bool) -> ToolCall:
    earlier = wire.client_verdict  # of the request: an ended call was decided then
    decision = earlier.decision if earlier else verdict.decision
    extra = dict(wire.extra)
    if not enforced and decision is Decision.BLOCK:
        decision = Decision.ALLOW
        extra["hook_failed_open"] = True
    told = ClientVerdict(
        decision=decision,
        risk_level=verdict.risk_level,
        policy_version=verdict.policy_version,
        packs_version=verdict.packs_version,
    )
    return replace(wire, client_verdict=told, extra=extra)


def _completed(call: ToolCall, request: ToolCall | None) -> ToolCall:
    """An ended call with what only its request knew: when, where, in which trace, decided how."""
    if request is None:
        return call
    blocked = _decision(request) is Decision.BLOCK
    denied = call.error_type == "permission_denied"
    return replace(
        call,
        started_ns=min(request.started_ns, call.started_ns),
        cwd=request.cwd or call.cwd,
        trace_id=request.trace_id,
        span_id=request.span_id,
        parent_span_id=request.parent_span_id,
        client_verdict=request.client_verdict,
        error_type="policy_block" if blocked and denied else call.error_type,
        truncated=call.truncated or request.truncated,
    )


def _decision(call: ToolCall) -> Decision | None:
    return call.client_verdict.decision if call.client_verdict else None


def _blocked(wire: ToolCall, at_ns: int, reason: str) -> ToolCall:
    return replace(
        wire,
        phase=Phase.ENDED,
        outcome=Outcome.FAILURE,
        error_type="policy_block",
        error_message=reason,
        ended_ns=at_ns,
    )


def _abandoned(request: ToolCall, at_ns: int) -> ToolCall:
    return replace(
        request,
        phase=Phase.ENDED,
        outcome=Outcome.UNKNOWN,
        error_type="abandoned",
        ended_ns=max(at_ns, request.started_ns),
    )


def _bare_call(call: ToolCall, error: Exception) -> ToolCall:
    """What is left when masking failed: that it happened, and no content."""
    return replace(call, arguments={}, result=None, error_message=None, extra=_fault(error))


def _fault_verdict(policy: Policy) -> ClientVerdict:
    return ClientVerdict(
        decision=Decision.BLOCK,
        risk_level=_FAULT_LEVEL,
        policy_version=str(policy.version),
        packs_version=None,
    )


def _fault(error: Exception) -> dict[str, Json]:
    return {"hook_fault": f"content left out: {type(error).__name__}"}
