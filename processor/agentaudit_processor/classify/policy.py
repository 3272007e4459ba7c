"""The answer to the Findings: level, decision and reasons. Pure: same input, same Verdict."""

from collections.abc import Sequence

from agentaudit_processor.model import (
    Action,
    Activity,
    DecidedBy,
    Decision,
    Effects,
    Finding,
    Phase,
    RiskLevel,
    ToolCall,
    Verdict,
)
from agentaudit_processor.policy import Policy

_MAX_REASONS = 8
_REFUSED_BY_PERSON = "permission_denied"
_REFUSED_BY_POLICY = "policy_block"

_ORDINARY = {
    Action.SHELL_COMMAND: "Runs an ordinary command",
    Action.FILE_READ: "Reads an ordinary file",
    Action.FILE_WRITE: "Writes an ordinary file",
    Action.FILE_EDIT: "Edits an ordinary file",
    Action.FILE_SEARCH: "Searches ordinary files",
    Action.WEB_FETCH: "Reads a web page",
    Action.WEB_SEARCH: "Searches the web",
    Action.CONNECTOR_ACCESS: "Uses a connected tool; nothing remarkable in it",
    Action.SUB_AGENT_SPAWN: "Starts a sub-agent, whose own calls are judged one by one",
    Action.SKILL_USE: "Uses a skill",
    Action.TODO_UPDATE: "Keeps a to-do list",
    Action.SESSION_START: "A session began",
    Action.SESSION_END: "A session ended",
    Action.USER_PROMPT: "A person wrote a prompt",
    Action.PERMISSION: "A permission was asked for or answered",
    Action.CONFIG_CHANGE: "A setting of the agent changed",
    Action.OTHER: "Nothing remarkable was found",
}
_PLACES = (
    ("arguments.command", "the command"),
    ("arguments.content", "the text written"),
    ("arguments.new_string", "the text written"),
    ("arguments", "the tool's input"),
    ("result", "the tool's output"),
    ("error_message", "the error message"),
    ("data.prompt", "the prompt"),
)


def judge(
    activity: Activity,
    findings: Sequence[Finding],
    effects: Effects,
    policy: Policy,
    *,
    packs_version: str,
    not_covered: Sequence[str] = (),
) -> Verdict:
    """The Verdict on `activity`.

    The decision is what the Policy says of a ToolCall that was only requested, and what happened to
    one that has ended: blocked, denied, allowed by the hook, or merely observed.
    """
    level = level_of(findings)
    decision, decided_by = _decide(activity, level, policy)
    return Verdict(
        decision=decision,
        decided_by=decided_by,
        risk_level=level,
        reasons=_reasons(activity, findings, effects),
        policy_version=str(policy.version),
        packs_version=packs_version,
        threshold=policy.threshold,
        not_covered=tuple(not_covered),
    )


def level_of(findings: Sequence[Finding]) -> RiskLevel:
    """The highest severity; low where nothing was found."""
    return max((finding.severity for finding in findings), default=RiskLevel.LOW)


def answer(level: RiskLevel, policy: Policy) -> Decision:
    """What `policy` says to a call of that level."""
    threshold = policy.threshold
    return Decision.BLOCK if threshold is not None and level >= threshold else Decision.ALLOW


def _decide(activity: Activity, level: RiskLevel, policy: Policy) -> tuple[Decision, DecidedBy]:
    if not isinstance(activity, ToolCall):
        return Decision.OBSERVE, DecidedBy.NONE
    told = activity.client_verdict.decision if activity.client_verdict is not None else None
    if activity.error_type == _REFUSED_BY_POLICY or told is Decision.BLOCK:
        return Decision.BLOCK, DecidedBy.POLICY
    if activity.error_type == _REFUSED_BY_PERSON:
        # by the user, by a rule of the agent's own settings: the agent does not always tell which
        return Decision.DENIED, DecidedBy.NONE
    if told is not None and told is not Decision.OBSERVE:
        return told, DecidedBy.POLICY
    if activity.phase is Phase.REQUESTED and not activity.observed:
        return answer(level, policy), DecidedBy.POLICY
    return Decision.OBSERVE, DecidedBy.NONE


def _reasons(activity: Activity, findings: Sequence[Finding], effects: Effects) -> tuple[str, ...]:
    weighed = sorted(findings, key=lambda finding: -finding.severity)
    reasons = list(dict.fromkeys(_reason(finding) for finding in weighed))
    if effects.environment == "prod" and findings:
        reasons.append("It reaches a production environment")
    return tuple(reasons[:_MAX_REASONS]) or (_ORDINARY[activity.action],)


def _reason(finding: Finding) -> str:
    if finding.pii or finding.secret:
        times = f", {finding.count} times" if finding.count > 1 else ""
        return f"{finding.title} in {_place(finding.where)}{times}"
    return f"{finding.title}: {finding.excerpt[:120]}" if finding.excerpt else finding.title


def _place(where: str) -> str:
    for prefix, words in _PLACES:
        if where == prefix or where.startswith((prefix + ".", prefix + "[")):
            return words
    return where
