"""What a model reads when its call was blocked: why, what would be fine, how to get it allowed."""

from collections.abc import Sequence

from agentaudit_hook.agents.answers import ASKED, BLOCKED
from agentaudit_processor.model import Decision, Finding, Verdict
from agentaudit_processor.redact import one_line

MAX_CHARS = 1200
_MAX_LINE_CHARS = 220
_NOBODY = "a person has to say yes, and nobody can be asked here"
_CLOSED = (
    "No call runs here unless it was checked and recorded (on_failure: closed, or hooks installed "
    "with --fail-closed). Do not try to get around this; tell the user: `agentaudit-hook doctor` "
    "says what is wrong, and an AgenticAudit administrator can have hooks fail open."
)
UNJUDGED = (
    "Blocked by AgenticAudit: this call could not be judged, and the policy blocks what is "
    "high risk. Write it in a simpler way; if that does not help, tell the user."
)
UNREAD = (
    "Blocked by AgenticAudit: this call is too large, too deeply nested, cut off or in an unknown "
    "form, so not all of it could be read, and what cannot be judged is blocked here. Write it in "
    "a simpler way; if that does not help, tell the user: a newer agentic-audit may know the form."
)
UNRECORDED = (
    "Blocked by AgenticAudit: the call could not be recorded, the disk of this machine takes no "
    f"more. {_CLOSED}"
)
UNREDACTED = (
    "Withheld by AgenticAudit: this output could not be searched for secrets, and the policy lets "
    "you see none (redact_output). Tell the user; `agentaudit-hook doctor` says what is wrong."
)
UNANSWERED = f"Blocked by AgenticAudit: its relay on this machine does not answer. {_CLOSED}"


def unacknowledged(trouble: str) -> str:
    """The refusal for want of the server's receipt; `trouble` says why there is none."""
    return (
        "Blocked by AgenticAudit: the server has not acknowledged the record of this call in time. "
        f"{trouble} {_CLOSED}"
    )[:MAX_CHARS]


def refusal(verdict: Verdict, findings: Sequence[Finding]) -> str:
    """Why a call is stopped, and what can be done.

    One short reason first, for it may be cut; every value in it is masked already. Tool names and
    commands are the agent's: nothing in them may begin a line of its own.
    """
    head = f"{BLOCKED}: {_NOBODY}" if verdict.decision is Decision.ASK else BLOCKED
    return "\n".join([*_why(head, verdict, findings), _way_out(verdict, findings)])[:MAX_CHARS]


def question(verdict: Verdict, findings: Sequence[Finding]) -> str:
    """What a person reads who is asked whether the call may run."""
    return "\n".join([*_why(ASKED, verdict, findings), f"({_of(verdict, findings)})"])[:MAX_CHARS]


def _why(head: str, verdict: Verdict, findings: Sequence[Finding]) -> list[str]:
    first, *more = (one_line(reason, _MAX_LINE_CHARS) for reason in verdict.reasons[:3])
    lines = [f"{head}: {first}", *(f"Also: {reason}" for reason in more)]
    advice = next((finding.advice for finding in findings if finding.advice), None)
    return [*lines, f"What would be fine: {one_line(advice, _MAX_LINE_CHARS)}"] if advice else lines


def _of(verdict: Verdict, findings: Sequence[Finding]) -> str:
    """Rules, level and policy."""
    rules = list(dict.fromkeys(finding.rule_id for finding in findings))[:3]
    found = f"{', '.join(rules)}: {verdict.risk_level.label} risk" if rules else "no rule"
    threshold = verdict.threshold
    is_over = threshold is not None and verdict.risk_level >= threshold
    blocks = f" blocks from {threshold.label} on" if threshold is not None and is_over else ""
    return f"{found}; policy version {verdict.policy_version}{blocks}"


def _way_out(verdict: Verdict, findings: Sequence[Finding]) -> str:
    wanted = f"exempt {findings[0].rule_id}" if findings else "allow the tool"
    return (
        f"({_of(verdict, findings)}.) Do not try to get around this. If it is really needed, tell "
        "the user: they can run it themselves, or have an AgenticAudit administrator "
        f"{wanted} in the policy; `agentaudit-hook explain` tells them more."
    )
