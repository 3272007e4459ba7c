"""The examples of rules, run: each is a call that its rule must find, or must not."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from agentaudit_processor.classify.rules import Example, Rule
from agentaudit_processor.ids import span_id_of, trace_id_of
from agentaudit_processor.model import Action, Actor, Outcome, Phase, ToolCall
from agentaudit_processor.pipeline import Judge

_SESSION = "examples"
EXAMPLE_CWD = "/home/alice/project"
"""Where an example happens that names no folder."""


def wrong_examples(judge: Judge, rules: Iterable[Rule]) -> Iterator[str]:
    """A sentence on each example that does not do what it says."""
    for rule in rules:
        for example in rule.examples:
            if finds(judge, rule, example) != example.matches:
                what = "is not found" if example.matches else "is found, and must not be"
                yield f"{rule.id}: the example {example.name!r} {what}"


def finds(judge: Judge, rule: Rule, example: Example) -> bool:
    """Whether `rule` finds the example; one of a secret type is met by any finding of that type."""
    findings = judge.examine(call_of(example)).findings
    return any(
        finding.rule_id == rule.id or (finding.secret is not None and finding.secret == rule.secret)
        for finding in findings
    )


def requested_call_of(example: Example, *, at_ns: int) -> ToolCall:
    """The same call before it ran: what a Policy is asked about."""
    call = call_of(example)
    return replace(call, phase=Phase.REQUESTED, outcome=Outcome.UNKNOWN, started_ns=at_ns)


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
    return ToolCall(
        session_id=_SESSION,
        call_id=example.name,
        tool_name=told.get("tool", "Bash"),
        action=action,
        actor=Actor(agent_name="claude-code", user_email="alice@example.com", user_name="alice"),
        phase=Phase.ENDED,
        trace_id=trace_id_of(_SESSION),
        span_id=span_id_of(_SESSION, example.name),
        arguments={
            name: "".join(value) if isinstance(value, list) else value
            for name, value in arguments.items()
        },
        result=told.get("output"),
        outcome=Outcome.SUCCESS,
        started_ns=0,
        cwd=told.get("cwd", EXAMPLE_CWD),
    )
