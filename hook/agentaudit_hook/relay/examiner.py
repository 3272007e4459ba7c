"""The examiner: what one hook event told, judged and reduced to what may leave.

Made for each event, under the policy that is in force for it. A fault in the judge costs the
content of a record, never the record, and gets nothing round a policy that blocks.
"""

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agentaudit_hook.agents.shape import Heard as Said
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.relay.capture import Reducer
from agentaudit_hook.relay.decided import (
    FAULT_LEVEL,
    Heard,
    bare_call,
    decision_of,
    failed_closed,
    failed_closed_fact,
    fault,
    fault_verdict,
    with_rules,
    with_verdict,
)
from agentaudit_hook.relay.refusal import UNJUDGED, UNREAD, UNREDACTED, question, refusal
from agentaudit_hook.relay.replies import Agent, Asked, Reply, can_ask, can_show, redaction
from agentaudit_hook.relay.whole_result import withheld
from agentaudit_processor.classify.approvable import is_approvable
from agentaudit_processor.model import Activity, Decision, Fact, Json, Phase, ToolCall
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.policy import OnFailure, Policy

if TYPE_CHECKING:
    from agentaudit_processor.examination import Examination
    from agentaudit_processor.pipeline import Judge

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Examiner:
    """Judges under one policy, for one event."""

    judge: "Judge"
    policy: Policy
    reducer: Reducer
    prose: frozenset[str] = frozenset()
    """Fields in which people and models speak."""

    @property
    def is_closed(self) -> bool:
        """Whether no call may run that was not checked and recorded."""
        return self.policy.on_failure is OnFailure.CLOSED

    @property
    def blocks_faults(self) -> bool:
        """Whether what cannot be judged must not run."""
        threshold = self.policy.threshold
        return self.is_closed or (threshold is not None and threshold <= FAULT_LEVEL)

    def denies_unread(self, said: Said, told: Told) -> bool:
        """Whether an event that names no call may be one that must not run unread."""
        is_asked = told.verb == "pre" and said.unclear and said.requested is None
        return is_asked and self.blocks_faults

    def asked(self, said: Said, agent: Agent, heard: Heard) -> Asked | None:
        """The call that is about to run, and why it must not; None for an event without one."""
        if said.requested is None:
            return None
        wire, exam = self.judged(said.requested, heard)
        decision = decision_of(wire)
        if decision not in (Decision.BLOCK, Decision.ASK):
            is_doubtful = said.requested.truncated or said.unclear
            if is_doubtful and heard is Heard.LIVE and self.blocks_faults:
                # what stands in the part that was cut is unknown, perhaps with intent
                return Asked(failed_closed(wire, self.policy), UNREAD)
            return Asked(wire)
        if exam is None:
            return Asked(wire, UNJUDGED)
        verdict, findings = exam.verdict(self.policy), exam.under(self.policy).findings
        if decision is Decision.ASK and said.can_ask and can_ask(agent):
            return Asked(wire, question=question(verdict, findings))
        approvable = is_approvable(verdict, findings, self.policy.approvals)
        return Asked(wire, refusal(verdict, findings), approvable=approvable)

    def judged(
        self, call: ToolCall, heard: Heard = Heard.LIVE
    ) -> tuple[ToolCall, "Examination | None"]:
        """What may leave of a call, with its verdict, and what is behind that."""
        if call.reduced:  # its request, judged when all of it was there
            return call, None
        try:
            judge = judge_under(self.judge, self.policy)
            exam = judge.examine(call, digest_key=self.policy.digest_key)
            wire, verdict = self.reducer.reduce(exam, self.prose), exam.verdict(self.policy)
        except Exception as error:  # noqa: BLE001  a fault in the judge must not cost the record
            _log.error("the judge failed: %s", type(error).__name__)
            return self._bare(call, error, heard), None
        assert isinstance(wire, ToolCall)  # noqa: S101  as its input was
        judged = with_verdict(wire, verdict, heard)
        if wire.reduced:
            judged = with_rules(judged, exam.under(self.policy).findings)
        return judged, exam

    def masked(self, fact: Fact, *, is_denied: bool = False) -> Activity:
        """What may leave of a Fact; `is_denied`: it was refused, for it may be about a call."""
        told = failed_closed_fact(fact) if is_denied else fact
        try:
            judge = judge_under(self.judge, self.policy)
            exam = judge.examine(told, digest_key=self.policy.digest_key)
            return self.reducer.reduce(exam, self.prose)
        except Exception as error:  # noqa: BLE001  as above
            _log.error("the judge failed: %s", type(error).__name__)
            return self.reducer.unnamed(replace(told, data=fault(error)))

    def redacted(self, agent: Agent, call: ToolCall, whole: Json) -> Reply:
        """What the model is shown of a result; nothing of one that cannot be searched."""
        try:
            return redaction(agent, call, whole, judge_under(self.judge, self.policy))
        except Exception as error:  # noqa: BLE001  as above
            _log.error("an output could not be redacted: %s", type(error).__name__)
            shown = withheld(whole, UNREDACTED)
            return Reply(stdout=agent.show(shown)) if can_show(agent) else Reply()

    def _bare(self, call: ToolCall, error: Exception, heard: Heard) -> ToolCall:
        bare = self.reducer.unnamed(bare_call(call, error))
        assert isinstance(bare, ToolCall)  # noqa: S101  as its input was
        if call.phase is Phase.REQUESTED and heard is not Heard.LATE and self.blocks_faults:
            return replace(bare, client_verdict=fault_verdict(self.policy))
        return bare
