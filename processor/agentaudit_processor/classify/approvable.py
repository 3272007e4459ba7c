"""Whether a person may let a stopped call run. Pure."""

from collections.abc import Sequence

from agentaudit_processor.classify import globs
from agentaudit_processor.model import Finding, Verdict
from agentaudit_processor.policy import Approvals


def is_approvable(verdict: Verdict, findings: Sequence[Finding], approvals: Approvals) -> bool:
    """Tell whether the Policy leaves the call of this Verdict to a person."""
    if approvals.up_to is None or verdict.risk_level > approvals.up_to:
        return False
    if not approvals.rules:
        return True
    return bool(findings) and all(
        any(globs.matches(glob, finding.rule_id) for glob in approvals.rules)
        for finding in findings
    )
