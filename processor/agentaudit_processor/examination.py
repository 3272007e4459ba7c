"""Examination: what was found in one Activity, and what a Policy makes of it."""

from collections.abc import Sequence
from functools import cached_property

from agentaudit_processor.classify.answers import answer_to
from agentaudit_processor.classify.controls import Controls
from agentaudit_processor.classify.effects import effects_of
from agentaudit_processor.classify.engine import TextScanner
from agentaudit_processor.classify.findings import Found, findings_of
from agentaudit_processor.classify.kept_back import raised
from agentaudit_processor.classify.placed import personal_spans
from agentaudit_processor.classify.policy import judge, level_of
from agentaudit_processor.classify.sheet import Span
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import (
    Activity,
    AuditEvent,
    Decision,
    Effects,
    EventKind,
    Fact,
    Finding,
    RiskLevel,
    ToolCall,
    Verdict,
)
from agentaudit_processor.policy import Answer, Policy
from agentaudit_processor.summary import summary_of

_FAILED_CLOSED = "hook_failed_closed"
"""In `ToolCall.extra`: stopped for a failure of the hook's, whatever the call would have got."""
_OUTPUT_FIELDS = ("result", "error_message")


class Examination:
    """What was found in one Activity. Its values are in clear but for secrets: do not log it."""

    def __init__(
        self, found: Found, *, scanner: TextScanner, controls: Controls, packs_version: str
    ) -> None:
        self._found = found
        self._scanner = scanner
        self._controls = controls
        self._packs_version = packs_version
        self.effects: Effects = effects_of(found.activity, found.deeds, found.rules)

    @property
    def not_covered(self) -> tuple[str, ...]:
        """What was not looked at, or could not be, in words."""
        return self._found.not_covered

    def without_secrets(self) -> Activity:
        """The Activity with secrets masked and all else as it was: what the hook may send."""
        return self._found.activity

    def masked(self) -> Activity:
        """The same with personal data masked too."""
        return self._found.sheet.rewrite(self._personal_spans)

    @property
    def paths(self) -> list[str]:
        """Paths that are touched."""
        return self._found.paths

    @property
    def commands(self) -> list[str]:
        """Commands that are run, also inside of others: `vault read x` of `sudo vault read x`."""
        return self._found.commands

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every Finding, masked, the gravest first."""
        return findings_of(self._found, self.effects, self._personal_spans, self._scanner)

    @property
    def risk_level(self) -> RiskLevel:
        """The highest severity found."""
        return level_of(self.findings)

    def under(self, policy: Policy) -> "Examination":
        """This Examination without the findings of rules that `policy` switches off.

        What those rules know to be personal or secret stays masked.
        """
        if not policy.rule_answers:
            return self
        off = {name for name, answer in policy.rule_answers.items() if answer is Answer.OFF}
        if off.isdisjoint(rule.id for rule in self._found.rules):
            return self
        return Examination(
            self._found.without(off),
            scanner=self._scanner,
            controls=self._controls,
            packs_version=self._packs_version,
        )

    def verdict(self, policy: Policy) -> Verdict:
        """The Verdict under `policy`."""
        return self.under(policy)._verdict(policy)  # noqa: SLF001  another one of its own kind

    def event(self, policy: Policy) -> AuditEvent:
        """The AuditEvent under `policy`: every value masked, verdict and controls given."""
        return self.under(policy)._event(policy)  # noqa: SLF001

    def _verdict(self, policy: Policy) -> Verdict:
        verdict = judge(
            self._found.activity,
            self.findings,
            self.effects,
            policy,
            packs_version=self._packs_version,
            not_covered=self.not_covered,
            paths=self.paths,
        )
        return raised(verdict, self._found.activity)

    def _event(self, policy: Policy) -> AuditEvent:
        activity = self.masked()
        verdict = self._verdict(policy)
        kind, own_id = (
            (activity.kind, activity.fact_id)
            if isinstance(activity, Fact)
            else (EventKind.TOOL_CALL, activity.call_id)
        )
        return AuditEvent(
            event_id=event_id_of(activity.session_id, own_id),
            kind=kind,
            activity=activity,
            findings=self.findings,
            effects=self.effects,
            verdict=verdict,
            controls=self._controls.hits(
                activity,
                self.findings,
                self.effects,
                verdict,
                policy.frameworks,
                flags=policy.flags,
            ),
            summary=summary_of(activity),
            verdict_differs=self._differs(policy),
        )

    @cached_property
    def _personal_spans(self) -> Sequence[Span]:
        return personal_spans(self._found.personal)

    def _differs(self, policy: Policy) -> bool:
        """Tell whether the hook's own verdict was another, as that of an old or tampered one is."""
        call = self._found.activity
        if not isinstance(call, ToolCall) or call.client_verdict is None or call.reduced:
            return False  # of a call kept back in part, less was judged here than there
        theirs = call.client_verdict
        # the hook judged the request; what came back since may have raised the level
        asked = [f for f in self.findings if not f.where.startswith(_OUTPUT_FIELDS)]
        levels = (level_of(asked), self.risk_level)
        if theirs.risk_level is not None and theirs.risk_level not in levels:
            return True
        if theirs.decision is Decision.OBSERVE or call.extra.get(_FAILED_CLOSED) is True:
            return False
        same_policy = theirs.policy_version == str(policy.version)
        paths = self._found.paths
        ours = {answer_to(call, found, policy, paths).decision for found in (asked, self.findings)}
        if theirs.decision is Decision.APPROVED and policy.approvals.up_to is not None:
            return same_policy and not ours & {Decision.BLOCK, Decision.ASK}
        return same_policy and theirs.decision not in ours
