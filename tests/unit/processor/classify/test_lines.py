"""Command lines of a rule as one pattern."""

import re

import pytest

from agentaudit_processor.classify.lines import as_pattern

LINES = ("git reset --hard", "git push ... --force", r"aws \S+ delete-\S+")


@pytest.mark.parametrize(
    "command",
    [
        "git reset --hard",
        "git reset --hard HEAD~1",
        "git push --force",
        "git push a b --force c",
        "aws ec2 delete-vpc --vpc-id v",
    ],
)
def test_a_command_that_begins_as_a_line_does_is_matched(command: str):
    assert re.search(as_pattern(LINES), command)


@pytest.mark.parametrize(
    "command", ["git reset --hardly", "echo git reset --hard", "git push a", "aws delete-vpc"]
)
def test_another_command_is_not(command: str):
    assert not re.search(as_pattern(LINES), command)
