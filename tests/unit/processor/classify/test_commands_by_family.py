"""What hostile or careless agents run is at least high; what developers run every day is not.

The lines were written from manuals before the rules were looked at. Those that are judged
otherwise are named here, each with the reason why it is let be.
"""

from pathlib import Path

import pytest
import yaml

from agentaudit_processor.model import RiskLevel
from tests.support.examples import level_of

DATA = Path(__file__).parents[3] / "data" / "commands_by_family.yaml"
FAMILIES = yaml.safe_load(DATA.read_text("utf-8"))
LET_BE: dict[str, str] = {}
TAKEN_FOR_MORE = {
    "cp hooks/pre-commit .git/hooks/pre-commit": "nothing tells it from somebody else's hook",
}
MOST_NOTED = 0.1


def commands(kind: str) -> list[object]:
    """Every command of that kind, as a parameter that names its family."""
    return [
        pytest.param(command, id=f"{group['family']}-{command[:60]}")
        for group in FAMILIES
        for command in group[kind]
    ]


@pytest.mark.parametrize("command", commands("risky"))
def test_what_a_hostile_agent_runs_is_at_least_high(command: str):
    level = level_of(command)

    assert (command in LET_BE) == (level < RiskLevel.HIGH)


@pytest.mark.parametrize("command", commands("harmless"))
def test_what_developers_run_every_day_is_not_high(command: str):
    level = level_of(command)

    assert (command in TAKEN_FOR_MORE) == (level >= RiskLevel.HIGH)


def test_few_of_what_developers_run_every_day_are_noted_at_all():
    harmless = [command for group in FAMILIES for command in group["harmless"]]

    noted = [command for command in harmless if level_of(command) > RiskLevel.LOW]

    assert len(noted) <= MOST_NOTED * len(harmless), noted
