"""What a model reads when its call was blocked: why, what would be fine, how to get it allowed."""

from collections.abc import Sequence

from agentaudit_processor.model import Finding, Verdict

MAX_CHARS = 1200


def refusal(verdict: Verdict, findings: Sequence[Finding]) -> str:
    """One short reason first, for it may be cut; every value in it is masked already."""
    lines = [f"Blocked by AgenticAudit: {verdict.reasons[0]}"]
    lines.extend(f"Also: {reason}" for reason in verdict.reasons[1:3])
    advice = dict.fromkeys(finding.advice for finding in findings if finding.advice)
    if advice:
        lines.append(f"What to do instead: {next(iter(advice))}")
    threshold = verdict.threshold.label if verdict.threshold else "this"
    lines.append(
        f"This is {verdict.risk_level.label} risk, and policy version {verdict.policy_version} "
        f"blocks from {threshold} on. If the call is really needed, tell the user: they can run it "
        "themselves, or an AgenticAudit administrator can change blocking_rules in the policy."
    )
    return "\n".join(lines)[:MAX_CHARS]
