"""One stored call under another Policy: what would have been said to it before it ran. Pure.

Its findings are those that were made then, for what was masked since cannot be found again. Only
what that Policy adds is looked for anew: own packs, and rules that were switched off.
"""

from collections.abc import Sequence

from agentaudit_backend.store.values import to_nanoseconds
from agentaudit_backend.store.views import EventDetail
from agentaudit_processor.classify.answers import answer_to
from agentaudit_processor.examination import Examination
from agentaudit_processor.model import Actor, Decision, Finding, Phase, ToolCall
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Answer, Policy

_OF_OUTPUT = ("result", "error_message")


class Replay:
    """Answers of one Policy to stored calls."""

    def __init__(self, policy: Policy, stored_under: Policy, judge: Judge) -> None:
        self._policy = policy
        self._judge = judge_under(judge, policy)
        self._off = _off(policy)
        self._anew = _off(stored_under) - self._off
        if policy.packs != stored_under.packs:
            self._anew |= {rule.id for rule in self._judge.packs.own}
        self._needs_paths = any(each.path or each.command for each in policy.exemptions)

    def answer(self, event: EventDetail) -> Decision:
        """`allow`, `ask` or `block`."""
        call = call_of(event)
        exam = self._judge.examine(call) if self._anew or self._needs_paths else None
        findings = [
            finding
            for finding in event.findings
            if finding.rule_id not in self._off and not finding.where.startswith(_OF_OUTPUT)
        ]
        findings += self._added(exam)
        paths: Sequence[str] = exam.paths if exam is not None else ()
        return answer_to(call, findings, self._policy, paths).decision

    def _added(self, exam: Examination | None) -> list[Finding]:
        if exam is None or not self._anew:
            return []
        return [each for each in exam.findings if each.rule_id in self._anew]


def call_of(event: EventDetail) -> ToolCall:
    """The call as it was asked for, as far as it is kept."""
    row = event.row
    return ToolCall(
        session_id=row.session_id,
        call_id=event.call_id or row.event_id,
        tool_name=row.tool,
        action=row.action,
        actor=Actor(
            agent_name=row.agent,
            user_email=event.user_email,
            user_id=event.user_id,
            user_name=event.user_name,
            host_name=event.host,
        ),
        phase=Phase.REQUESTED,
        trace_id=event.trace_id,
        span_id=event.span_id or "",
        mcp_server=event.mcp_server,
        arguments=event.arguments if isinstance(event.arguments, dict) else {},
        started_ns=to_nanoseconds(event.started_at),
        cwd=event.cwd,
    )


def _off(policy: Policy) -> set[str]:
    return {rule for rule, answer in policy.rule_answers.items() if answer is Answer.OFF}
