"""Lines of text and commands, written before anyone looked at the rules: what is found in them.

What has a `?` in front is missed, and stays listed, so that nobody takes the lists for whole.
"""

from pathlib import Path

import pytest

from agentaudit_processor.model import Finding, ToolCall
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call
from tests.support.marked_secrets import secrets_of, without_marks
from tests.unit.processor.test_masked_secrets import left_in

LINES = Path(__file__).parents[2] / "data" / "lines"
MISSED = "? "
JUDGE = Judge.load()


def lines_of(name: str) -> list[str]:
    """The lines of a list, those that are missed left out."""
    texts = (LINES / name).read_text("utf-8").splitlines()
    kept = [text for text in texts if text and not text.startswith(("#", MISSED))]
    return [text.replace("~", "").replace("\\n", "\n") for text in kept]


def typed_lines_of(name: str) -> list[tuple[str, str]]:
    """The same where a line begins with a type of personal data."""
    parted = [line.partition(" | ") for line in lines_of(name)]
    return [(kind, text) for kind, _, text in parted]


def run(text: str) -> ToolCall:
    return a_tool_call(arguments={"command": text}, result=None)


def written(text: str) -> ToolCall:
    return a_tool_call("Write", arguments={"file_path": "notes.txt", "content": text}, result=None)


def found_in(call: ToolCall) -> tuple[Finding, ...]:
    return tuple(JUDGE.examine(call).findings)


@pytest.mark.parametrize("call", [run, written])
@pytest.mark.parametrize("marked", lines_of("secrets.txt"))
def test_no_secret_of_a_line_stays(marked, call):
    left = left_in(call(without_marks(marked)), secrets_of(marked))

    assert [] == left


@pytest.mark.parametrize("call", [run, written])
@pytest.mark.parametrize("text", lines_of("no_secrets.txt"))
def test_no_secret_is_seen_where_there_is_none(text, call):
    secrets = [finding.rule_id for finding in found_in(call(text)) if finding.secret]

    assert [] == secrets


@pytest.mark.parametrize(("kind", "text"), typed_lines_of("personal.txt"))
def test_personal_data_of_a_line_is_found_by_its_type(kind, text):
    kinds = {finding.pii for finding in found_in(written(text))}

    assert kind in kinds


@pytest.mark.parametrize(("kind", "text"), typed_lines_of("nothing_personal.txt"))
def test_nothing_personal_is_seen_where_there_is_none(kind, text):
    kinds = {finding.personal for finding in found_in(written(text)) if finding.personal}

    assert set() == kinds


@pytest.mark.parametrize("name", ["secrets.txt", "personal.txt"])
def test_few_lines_are_missed(name):
    texts = (LINES / name).read_text("utf-8").splitlines()
    missed = [text for text in texts if text.startswith(MISSED)]

    assert len(missed) * 25 <= len(lines_of(name))
