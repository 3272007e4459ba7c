from typing import Any

import pytest

from agentaudit_processor.classify.rules import Example, Rule
from agentaudit_processor.model import Action, Phase, ToolCall
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call

JUDGE = Judge.load()


def call_of(example: Example) -> ToolCall:
    """The ToolCall that an example describes: a shell command, a tool's input, or an output."""
    told: dict[str, Any] = dict(example.call)
    arguments = told.get("input", {})
    if isinstance(arguments, str):
        arguments = {"text": arguments}
    action = Action(told.get("action", "shell_command" if "command" in told else "other"))
    if "command" in told:
        arguments = {"command": told["command"]}
    if "path" in told:
        arguments = {"file_path": told["path"], **arguments}
    return a_tool_call(
        told.get("tool", "Bash"),
        action=action,
        arguments={
            name: "".join(value) if isinstance(value, list) else value
            for name, value in arguments.items()
        },
        result=told.get("output"),
        phase=Phase.ENDED,
        cwd=told.get("cwd", "/home/alice/project"),
    )


def found(rule: Rule, example: Example) -> set[str]:
    """Rules met by the example; a rule that yields a secret type is met by any of that type."""
    findings = JUDGE.examine(call_of(example)).findings
    same_secret = {rule.id for f in findings if f.secret is not None and f.secret == rule.secret}
    return {f.rule_id for f in findings} | same_secret


@pytest.mark.parametrize(
    ("rule", "example"),
    [
        pytest.param(
            rule,
            example,
            id=f"{rule.id}-{'match' if example.matches else 'no_match'}-{example.name}",
        )
        for rule in JUDGE.packs.rules
        for example in rule.examples
    ],
)
def test_an_example_does_what_it_says(rule: Rule, example: Example):
    assert (rule.id in found(rule, example)) == example.matches
