"""The answer to the Findings: level, decision and reasons. Pure: same input, same Verdict."""

from collections.abc import Sequence

from agentaudit_processor.classify.answers import Answered, answer_to
from agentaudit_processor.model import (
    Action,
    Activity,
    DecidedBy,
    Decision,
    Effects,
    Finding,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
    Verdict,
)
from agentaudit_processor.policy import Policy

_MAX_REASONS = 8
_REFUSED_BY_PERSON = "permission_denied"
_REFUSED_BY_POLICY = "policy_block"
_OBSERVED = (Decision.OBSERVE, DecidedBy.NONE)

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
    paths: Sequence[str] = (),
) -> Verdict:
    """The Verdict on `activity`.

    The decision is what the Policy says of a ToolCall that was only requested (see `answers`), and
    what happened to one that has ended: blocked, denied, approved when it was asked about, allowed
    by the hook, or merely observed.

    Args:
        paths: what the call touches, for exemptions that name a path.
    """
    answered = _answered(activity, findings, policy, paths)
    decision, decided_by = _decide(activity, answered)
    return Verdict(
        decision=decision,
        decided_by=decided_by,
        risk_level=level_of(findings),
        reasons=_reasons(activity, findings, effects, answered),
        policy_version=str(policy.version),
        packs_version=packs_version,
        threshold=policy.threshold,
        not_covered=tuple(not_covered),
    )


def level_of(findings: Sequence[Finding]) -> RiskLevel:
    """The highest severity; low where nothing was found."""
    return max((finding.severity for finding in findings), default=RiskLevel.LOW)


def _answered(
    activity: Activity, findings: Sequence[Finding], policy: Policy, paths: Sequence[str]
) -> Answered | None:
    """What the Policy says to a ToolCall; None of a Fact, which nobody may stop."""
    return answer_to(activity, findings, policy, paths) if isinstance(activity, ToolCall) else None


def _decide(activity: Activity, answered: Answered | None) -> tuple[Decision, DecidedBy]:
    if not isinstance(activity, ToolCall) or answered is None:
        return _OBSERVED
    told = activity.client_verdict.decision if activity.client_verdict is not None else None
    if activity.error_type == _REFUSED_BY_POLICY or told is Decision.BLOCK:
        return Decision.BLOCK, DecidedBy.POLICY
    if activity.error_type == _REFUSED_BY_PERSON:
        # by the user, by a rule of the agent's own settings: the agent does not always tell which
        return Decision.DENIED, DecidedBy.NONE
    if told is Decision.ASK and _has_run(activity):
        # it ran, so somebody said yes: a person, or a setting of the agent's own in a person's name
        return Decision.APPROVED, DecidedBy.NONE
    if told is not None and told is not Decision.OBSERVE:
        # who approved a call did so on the server, which has a record of its own of that
        return told, DecidedBy.HUMAN if told is Decision.APPROVED else DecidedBy.POLICY
    is_asked = activity.phase is Phase.REQUESTED and not activity.observed
    return (answered.decision, DecidedBy.POLICY) if is_asked else _OBSERVED


def _has_run(call: ToolCall) -> bool:
    return call.phase is Phase.ENDED and call.outcome in (Outcome.SUCCESS, Outcome.FAILURE)


def _reasons(
    activity: Activity,
    findings: Sequence[Finding],
    effects: Effects,
    answered: Answered | None,
) -> tuple[str, ...]:
    telling = [finding for finding in findings if finding.pii == finding.personal]
    weighed = sorted(telling, key=lambda finding: -finding.severity)
    reasons = list(dict.fromkeys(_reason(finding) for finding in weighed))
    if effects.environment == "prod" and telling:
        reasons.append("It reaches a production environment")
    if not reasons:
        reasons.append(_ORDINARY[activity.action])
    if answered is None:
        return tuple(reasons[:_MAX_REASONS])
    told = [answered.of_tool, *reasons] if answered.of_tool else reasons
    of_policy = answered.because[: _MAX_REASONS - 1]
    return (*told[: _MAX_REASONS - len(of_policy)], *of_policy)


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
