"""Secrets are masked wherever an agent may meet them, and in every field that tells something."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from agentaudit_processor.model import Action, EventKind, Fact, ToolCall
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_fact, a_tool_call
from tests.support.marked_secrets import (
    COMMANDS,
    FIELDS,
    GITHUB,
    TEXTS,
    secrets_of,
    without_marks,
)

JUDGE = Judge.load()


def left_in(activity: ToolCall | Fact, secrets: list[str]) -> list[str]:
    """Those of `secrets` that stay to be read after masking."""
    masked = JUDGE.examine(activity).without_secrets()
    told = json.dumps(asdict(masked), default=str, ensure_ascii=False)
    return [secret for secret in secrets if secret in told or json.dumps(secret)[1:-1] in told]


@pytest.mark.parametrize("marked", COMMANDS)
def test_a_command_keeps_no_secret(marked: str):
    call = a_tool_call(arguments={"command": without_marks(marked)}, result=None)

    assert [] == left_in(call, secrets_of(marked))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("place", ["result", "written", "deep"])
def test_a_text_keeps_no_secret(name: str, place: str):
    text = without_marks(TEXTS[name])
    call = {
        "result": a_tool_call(arguments={"command": "cat x"}, result={"stdout": text}),
        "written": a_tool_call("Write", arguments={"file_path": "x", "content": text}, result=None),
        "deep": a_tool_call("save", arguments={"note": {"parts": [{"body": text}]}}, result=None),
    }[place]

    assert [] == left_in(call, secrets_of(TEXTS[name]))


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_keeps_no_secret(name: str):
    marked = FIELDS[name]
    call = a_tool_call("run", action=Action.OTHER, arguments=without_marks(marked), result=None)

    assert [] == left_in(call, secrets_of(marked))


HEAD: list[dict[str, Any]] = [
    {"tool_name": f"run {GITHUB}"},
    {"mcp_server": f"https://bob:{GITHUB}@intern/"},
    {"cwd": f"/home/bob/{GITHUB}"},
    {"prompt_id": GITHUB},
    {"permission_mode": GITHUB},
    {"error_type": GITHUB},
    {"error_message": f"refused: {GITHUB}"},
    {"extra": {"session_title": f"use {GITHUB}"}},
    {"extra": {GITHUB: 1}},
]


@pytest.mark.parametrize("told", HEAD, ids=lambda told: next(iter(told)))
def test_no_field_of_a_tool_call_keeps_a_secret(told: dict[str, Any]):
    assert [] == left_in(a_tool_call(**told), [GITHUB])


@pytest.mark.parametrize(
    "field", ["agent_name", "agent_version", "subagent_type", "user_name", "host_name", "user_id"]
)
def test_no_field_of_the_actor_keeps_a_secret(field: str):
    call = a_tool_call()
    call = replace(call, actor=replace(call.actor, **{field: f"x {GITHUB}"}))

    assert [] == left_in(call, [GITHUB])


@pytest.mark.parametrize("field", ["name", "cwd", "prompt_id", "permission_mode", "data"])
def test_no_field_of_a_fact_keeps_a_secret(field: str):
    told = {"title": GITHUB} if field == "data" else f"x {GITHUB}"
    fact = replace(a_fact(kind=EventKind.SESSION), **{field: told})

    assert [] == left_in(fact, [GITHUB])


def test_what_names_the_actor_is_no_personal_data_found():
    call = a_tool_call(arguments={}, result=None)
    call = replace(call, actor=replace(call.actor, host_name="81.2.69.142", user_id="bob@firm.org"))

    assert [] == [f.pii for f in JUDGE.examine(call).findings if f.pii]
    assert "81.2.69.142" == JUDGE.examine(call).without_secrets().actor.host_name
