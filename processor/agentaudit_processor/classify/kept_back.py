"""What a hook kept back of a record, as capture was set, and what its word counts instead.

Our own reading of what was sent can only find less. The hook, which judged all of it, tells its
level and the ids of the rules that found something: they count where they raise the level, never
where they would lower it.
"""

from collections.abc import Mapping
from dataclasses import replace

from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.model import Activity, RiskLevel, ToolCall, Verdict
from agentaudit_processor.redact import one_line

NOT_SENT = "what was not sent"
"""Where such a finding is."""
_MAX_CHARS = 60
_WORDS = {
    "masked": "personal data masked on the machine",
    "hash": "sent as a keyed digest only",
    "off": "not sent",
}
_HIDDEN = {
    "never_paths": "arguments and results: not sent, for the path they are of",
    "never_commands": "arguments and results: not sent, for the command they are of",
}


def notes_on(activity: Activity) -> tuple[str, ...]:
    """What was not looked at here, in words for people."""
    return tuple(_note(one_line(told, _MAX_CHARS)) for told in activity.reduced)


def told_rules(activity: Activity, rules: Mapping[str, Rule]) -> list[Rule]:
    """The rules of `rules` that found something, by the hook's word, in what is not here."""
    if not isinstance(activity, ToolCall) or not activity.reduced:
        return []
    told = activity.client_verdict.rule_ids if activity.client_verdict else ()
    return [rules[rule_id] for rule_id in told if rule_id in rules]


def raised(verdict: Verdict, activity: Activity) -> Verdict:
    """The Verdict at the hook's level, where that is the higher one of a record kept back."""
    if not isinstance(activity, ToolCall) or not activity.reduced:
        return verdict
    theirs = activity.client_verdict.risk_level if activity.client_verdict else None
    if theirs is None or theirs <= verdict.risk_level:
        return verdict
    reason = f"The hook, which saw what was not sent, found {RiskLevel(theirs).label} risk"
    return replace(verdict, risk_level=theirs, reasons=(*verdict.reasons, reason))


def _note(told: str) -> str:
    what, _, how = told.partition(": ")
    if what == "user":
        return "user: named by a pseudonym" if how == "hash" else "user: named without e-mail"
    return _HIDDEN.get(told) or f"{what}: {_WORDS.get(how, how)}, as capture is set"
