"""Which payloads leave open what is about to run: such are refused where hooks fail closed."""

import json
from pathlib import Path
from typing import Any

import pytest

from agentaudit_hook.agents.recognise import AGENTS
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.agents.unclear import is_unclear
from tests.support.agents import CONFORMANCE
from tests.support.builders import NOON_NS

RECORDED = sorted(
    path for path in CONFORMANCE.glob("*/payloads/*.json") if not path.stem.startswith("http-")
)
"""But for one that is no payload: the HTTP request of another sort of hook."""


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"tool_name": "Bash"},
        {"tool_name": "Bash", "tool_input": {}},
        {"tool_name": "Bash", "tool_input": "rm -rf /"},
        {"tool_name": "Bash", "tool_input": {"command": {"x": "rm -rf /"}}},
        {"tool_name": "Bash", "tool_input": {"command": 5}},
        {"tool_name": "Write", "tool_input": {"file_path": ["a", 1]}},
        {"tool_name": ["Bash"], "tool_input": {"command": "ls"}},
        {"tool_name": " ", "tool_input": {"command": "ls"}},
        {"tool_name": "mcp__db__query", "tool_input": ["drop"]},
        {"tool_name": "TodoWrite", "tool_input": 0},
    ],
    ids=json.dumps,
)
def test_what_leaves_open_which_tool_runs_on_what_is_unclear(said: dict[str, Any]) -> None:
    assert is_unclear(said)


@pytest.mark.parametrize(
    "said",
    [
        {"tool_name": "Bash", "tool_input": {"command": "ls"}},
        {"tool_name": "shell", "tool_input": {"command": ["ls", "-l"]}},
        {"tool_name": "Read", "tool_input": {"file_path": "/x", "limit": 5}},
        {"tool_name": "TodoRead"},
        {"tool_name": "mcp__maps__route", "tool_input": {"path": [[1, 2], [3, 4]]}},
        {"tool_name": "mcp__db__list", "tool_input": {}},
        {"tool_name": "a_tool_of_tomorrow", "tool_input": {"command": {"x": 1}}},
    ],
    ids=json.dumps,
)
def test_what_names_a_tool_and_its_fields_is_clear(said: dict[str, Any]) -> None:
    assert not is_unclear(said)


@pytest.mark.parametrize("path", RECORDED, ids=lambda one: f"{one.parts[-3]}-{one.stem}")
def test_nothing_that_a_real_agent_said_is_unclear(path: Path) -> None:
    event = path.stem.partition("-")[0]
    agent = AGENTS[path.parts[-3].replace("_", "-")]
    told = Told(verb="pre", argument=event, body=path.read_bytes(), at_ns=NOON_NS, cwd="/", env={})

    assert not agent.parse(told).unclear
