"""A stored call -> a first draft of an own rule that finds calls like it, with its examples."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import yaml

from agentaudit_backend.impact.replay import call_of
from agentaudit_backend.store.views import EventDetail
from agentaudit_processor.explaining import Told, explain
from agentaudit_processor.model import Action, Json, RiskLevel, ToolCall
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.rule_examples import EXAMPLE_CWD

PACK: Final = "own"
_FIRST = """\
# What this pack looks for, in one line.
pack: {pack}
version: 1
defaults:
  severity: high                # low, medium, high or critical
  source: where it is known from
rules:
  - id: {rule}                  # stable for ever: policies and old events name it
    title: Runs {name}
    # One question; docs/guides/own-packs.md lists all of them.
    command: '^{name}\\b'
    why: What may come of it, in words that a developer understands.
    advice: What to do instead.
    tags: []                    # such as attack.t1485, owasp.asi02:2026
    examples:
      match: [{{name: as it is called, command: {name} --now}}]
      no_match: [{{name: only named in a text, command: "grep -r {name} docs"}}]
"""
_LONGEST = 60
"""Characters of a call's text that a pattern takes over."""
_MOST_COMMANDS = 30
"""Of one call, from which the riskiest is taken."""
_SHORTEST = 3
"""A shorter text stands in too many calls."""
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
_FOREIGN = re.compile(r"[^ -~]+")
"""Patterns are ASCII: texts are scanned as bytes."""
_PLAIN = re.compile(r"[\w./:=@%+-]+", re.ASCII)
_LISTED = re.compile(r"^([ ]*)- ", re.MULTILINE)
_NO_NAME = re.compile(r"[^a-z0-9]+")
_MASK = re.compile(r"\[secret:|•")
_READS: Final = (Action.FILE_READ, Action.FILE_SEARCH)
_FILES: Final = (*_READS, Action.FILE_WRITE, Action.FILE_EDIT)


def draft_rule(event: EventDetail, judge: Judge, policy: Policy) -> dict[str, Any]:
    """The rule as plain values, in the order in which a pack tells them.

    Args:
        event: the call; what it tells is masked.
        judge: the server's; with the packs of `policy` it knows which ids are taken.
        policy: the one that is in force.
    """
    question, title, examples = _question(call_of(event), judge, policy)
    taken = [rule.id for rule in judge_under(judge, policy).packs.rules]
    severity = max(event.verdict.risk_level, RiskLevel.MEDIUM)
    return {
        "id": _free(f"{PACK}.{_name(title)}", taken),
        "title": title,
        "severity": severity.label,
        "source": f"event {event.row.event_id}",
        **question,
        "why": "What may come of it, in words that a developer understands.",
        "advice": "What to do instead.",
        "examples": examples,
    }


def first_pack(pack: str, name: str) -> str:
    """A pack of one rule, `pack.name`, to be written over: it finds runs of a program `name`."""
    return _FIRST.format(pack=pack, rule=f"{pack}.{name}", name=name.replace("_", "-"))


def pack_with(rule: Mapping[str, Any], known: str | None) -> str:
    """The pack's text with the rule behind those that it has; `known` is the text so far."""
    if known is None:
        whole = {"pack": PACK, "version": 1, "rules": [dict(rule)]}
        return _yaml(whole)
    first = _LISTED.search(known)
    margin = first[1] if first else ""
    listed = "".join(f"{margin}{line}\n" for line in _yaml([dict(rule)]).splitlines())
    return f"{known.rstrip()}\n{listed}"


def _yaml(value: object) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
    return text


_Drafted = tuple[dict[str, Any], str, dict[str, Any]]
"""The question of a rule, its title, its examples."""


def _question(call: ToolCall, judge: Judge, policy: Policy) -> _Drafted:
    facts = explain(judge, policy, call).facts
    if call.action is Action.SHELL_COMMAND:
        if (command := _riskiest(call, judge, facts)) is not None:
            return _of_command(command)
    elif call.action in _FILES:
        path = next((fact.text for fact in facts if fact.kind == "touch"), "")
        if path and not _MASK.search(path):
            return _of_file(path, call.action)
    return _of_text(call.arguments, call.tool_name)


def _riskiest(call: ToolCall, judge: Judge, facts: Sequence[Told]) -> str | None:
    """Of the commands that are executed, the one that is found to be the riskiest alone."""
    commands = [fact.text for fact in facts if fact.kind == "command" and fact.text.strip()]

    def risk(command: str) -> RiskLevel:
        found = judge.examine(replace(call, arguments={"command": command})).findings
        return max((finding.severity for finding in found), default=RiskLevel.LOW)

    return max(commands[:_MOST_COMMANDS], key=risk, default=None)


def _of_command(command: str) -> _Drafted:
    words = command.split()[:2]
    if len(words) > 1 and not _PLAIN.fullmatch(words[1]):
        del words[1:]
    start = " ".join(words)[:_LONGEST]
    return (
        {"command": f"^{_escaped(start)}" + (r"(?:\W|$)" if len(start) < _LONGEST else "")},
        f"Runs {start}"[:_LONGEST],
        {
            "match": [{"name": "as it was called", "command": start}],
            "no_match": [{"name": "only named", "command": f"grep -r '{words[0]}' docs"}],
        },
    )


def _of_file(path: str, action: Action) -> _Drafted:
    name = path.rstrip("/").rpartition("/")[2] or path
    access = ["read"] if action in _READS else ["write"]
    tool = "Read" if action in _READS else "Write"
    how = {"tool": tool, "action": "file_read" if action in _READS else "file_write"}
    inside = f"{EXAMPLE_CWD}/{name}"
    return (
        {"touch": {"access": access, "path": f"(?:^|/){_escaped(name)}$"}},
        f"{'Reads' if action in _READS else 'Changes'} {name}"[:_LONGEST],
        {
            "match": [{"name": "that file", "path": inside, **how}],
            "no_match": [{"name": "another file", "path": f"{EXAMPLE_CWD}/notes.txt", **how}],
        },
    )


def _of_text(arguments: Mapping[str, Json], tool: str) -> _Drafted:
    texts = (value for value in arguments.values() if isinstance(value, str))
    lines = (line.strip() for text in texts for line in _MASK.split(text)[0].splitlines())
    line = max(lines, key=len, default="")[:_LONGEST].strip()
    if len(line) < _SHORTEST:
        line = tool
    return (
        {"pattern": _escaped(line)},
        f"Says {line}"[:_LONGEST],
        {
            "match": [{"name": "as it was said", "input": {"text": line}}],
            "no_match": [{"name": "something else", "input": {"text": "?"}}],
        },
    )


def _escaped(text: str) -> str:
    """`text` for RE2, to be read as it stands."""
    return _FOREIGN.sub("[^ -~]+", _SPECIAL.sub(r"\\\1", text))


def _name(title: str) -> str:
    return _NO_NAME.sub("_", title.casefold()).strip("_")[:40].rstrip("_") or "rule"


def _free(name: str, taken: Sequence[str]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
