"""Lists of commands that were written from manuals, not from the rules; see `tests/data`."""

from pathlib import Path

import pytest

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_request

JUDGE = Judge.load()
LISTS = Path(__file__).parents[3] / "data" / "commands"


def commands(name: str) -> list[str]:
    """The commands of a list, without its comments; `\\n` stands for a new line."""
    lines = (LISTS / name).read_text("utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line and not line.startswith("#")]


def level(command: str) -> RiskLevel:
    """How grave a command is, run in a project's folder."""
    call = a_request(arguments={"command": command}, cwd="/home/alice/project")
    return JUDGE.examine(call).risk_level


@pytest.mark.parametrize("command", [*commands("risky.txt"), *commands("evasions.txt")])
def test_a_risky_command_is_high(command: str):
    assert level(command) >= RiskLevel.HIGH


@pytest.mark.parametrize("command", [*commands("benign.txt"), *commands("lookalikes.txt")])
def test_a_benign_command_is_not_high(command: str):
    assert level(command) < RiskLevel.HIGH


@pytest.mark.parametrize("command", commands("noticed.txt"))
def test_a_command_that_is_worth_a_look_is_medium(command: str):
    assert level(command) == RiskLevel.MEDIUM


@pytest.mark.parametrize(("name", "most"), [("benign.txt", 0.03), ("lookalikes.txt", 0.06)])
def test_few_benign_commands_are_medium(name: str, most: float):
    benign = commands(name)

    medium = [command for command in benign if level(command) >= RiskLevel.MEDIUM]

    assert len(medium) <= most * len(benign), medium
