"""The commands that packs give as examples, and how a command is judged."""

from functools import cache, lru_cache

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_request

JUDGE = Judge.load()
CWD = "/home/alice/project"
_ASKED = ("command", "pipeline", "touch", "sql", "code", "visit", "sequence")


@lru_cache
def commands(*, matches: bool = True) -> list[tuple[str, str]]:
    """The examples that are commands: (rule, command); of what rules match, or must not."""
    return [
        (rule.id, _spelled(example.call["command"]))
        for rule in JUDGE.packs.rules
        # what is masked, and so not read, depends on the words around it
        if rule.matcher in _ASKED and not rule.id.startswith("unread.")
        for example in rule.examples
        if example.matches is matches
        and "command" in example.call
        and example.call.keys() <= {"command", "name"}
    ]


@lru_cache
def texts() -> list[tuple[str, str]]:
    """The `match` examples of text rules about what is done: (rule, command)."""
    return [
        (rule.id, example.call["command"])
        for rule in JUDGE.packs.rules
        if rule.matcher == "pattern" and not (rule.pii or rule.secret or rule.environment)
        for example in rule.examples
        if example.matches and isinstance(example.call.get("command"), str)
    ]


@cache
def judged(command: str) -> tuple[RiskLevel, set[str]]:
    """Level of a command, and the rules that it met."""
    exam = JUDGE.examine(a_request(arguments={"command": command}, cwd=CWD))
    return exam.risk_level, {finding.rule_id for finding in exam.findings}


def level_of(command: str) -> RiskLevel:
    """How risky a command is judged that is asked about once."""
    return JUDGE.examine(a_request(arguments={"command": command}, cwd=CWD)).risk_level


def _spelled(value: object) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
