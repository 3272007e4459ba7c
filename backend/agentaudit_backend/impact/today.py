"""One stored call under the rules and the Policy of today, beside what was said of it then. Pure.

It is judged from what was kept, which is masked. Personal data that was masked cannot be found
again: such findings are taken to hold as long as their rule does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentaudit_backend.impact.replay import call_of
from agentaudit_backend.store.views import EventDetail
from agentaudit_processor.classify.answers import answer_to
from agentaudit_processor.classify.policy import level_of
from agentaudit_processor.model import Decision, EventKind, Finding, Phase, RiskLevel
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Answer, Policy

_OF_OUTPUT = ("result", "error_message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What would be said of a call today."""

    risk: RiskLevel
    decision: Decision
    appeared: tuple[Finding, ...]
    """Found now, and not then."""
    gone: tuple[Finding, ...]
    """Found then, and not now."""
    policy_version: str
    packs_version: str


def is_older(event: EventDetail, judge: Judge, policy: Policy) -> bool:
    """Whether a call was judged by other rules or another Policy than those of today."""
    judged = event.verdict.packs_version, event.verdict.policy_version
    return judged != (judge_under(judge, policy).packs.version, str(policy.version))


def today(event: EventDetail, judge: Judge, policy: Policy) -> Today | None:
    """Judge a stored call anew; None of what is no call, or whose texts are kept no longer."""
    if event.row.kind is not EventKind.TOOL_CALL or event.content_removed or not event.arguments:
        return None
    judge = judge_under(judge, policy)
    call = replace(
        call_of(event),
        phase=Phase.ENDED,
        result=event.result,
        error_message=event.error_message,
        outcome=event.row.outcome,
    )
    exam = judge.examine(call, digest_key=policy.digest_key).under(policy)
    found = exam.findings
    lasting = _lasting(event.findings, found, judge, policy)
    now = (*found, *lasting)
    asked = [finding for finding in now if not finding.where.startswith(_OF_OUTPUT)]
    before, after = _rules(event.findings), _rules(now)
    return Today(
        risk=level_of(now),
        decision=answer_to(call_of(event), asked, policy, exam.paths).decision,
        appeared=tuple(finding for finding in found if finding.rule_id not in before),
        gone=tuple(finding for finding in event.findings if finding.rule_id not in after),
        policy_version=str(policy.version),
        packs_version=judge.packs.version,
    )


def _lasting(
    then: Sequence[Finding], now: Sequence[Finding], judge: Judge, policy: Policy
) -> tuple[Finding, ...]:
    """Findings of personal data that was masked since, of rules that still stand."""
    standing = {rule.id for rule in judge.packs.rules} - {
        name for name, answer in policy.rule_answers.items() if answer is Answer.OFF
    }
    known = _rules(now)
    return tuple(
        finding
        for finding in then
        if finding.pii and finding.rule_id in standing and finding.rule_id not in known
    )


def _rules(findings: Sequence[Finding]) -> set[str]:
    return {finding.rule_id for finding in findings}
