"""A check or a parser of ours that fails: nothing is hidden by it, and it is said."""

from typing import Any, NoReturn

import pytest

from agentaudit_processor.classify import checks, read_safely
from agentaudit_processor.model import Action, EventKind, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import a_fact, a_request, a_tool_call

JUDGE = Judge.load()
CARD = "4111 1111 1111 1111"
AWS_KEY = "AKIA" + "Q3EGRFB4WUS5LP2M"


def fails(*_: object) -> NoReturn:
    raise RecursionError("deep")


@pytest.fixture
def failing_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every detector raises."""
    monkeypatch.setattr(checks, "DETECTORS", dict.fromkeys(checks.DETECTORS, fails))


@pytest.fixture
def failing_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser raises on everything."""
    monkeypatch.setattr(read_safely, "deeds_of", fails)


@pytest.mark.usefixtures("failing_checks")
def test_what_a_failing_check_could_not_tell_counts_as_found_and_is_masked():
    event = JUDGE.examine(a_tool_call(result={"stdout": f"card {CARD}"})).event(Policy())

    assert "payment_card" in event.pii_types
    assert CARD not in str(event)


@pytest.mark.usefixtures("failing_checks")
def test_a_check_that_fails_is_told_with_its_rule_and_error():
    exam = JUDGE.examine(a_tool_call(result={"stdout": f"card {CARD}"}))

    assert [note for note in exam.not_covered if note.endswith("its check failed, RecursionError")]
    assert exam.not_covered == exam.event(Policy()).verdict.not_covered


@pytest.mark.usefixtures("failing_parser")
@pytest.mark.parametrize("command", ["rm -rf /", "cd /tmp && sudo rm -rf / ; ls"])
def test_a_command_that_breaks_the_parser_is_judged_by_its_words(command: str):
    exam = JUDGE.examine(a_request(arguments={"command": command}))

    assert exam.risk_level >= RiskLevel.MEDIUM
    assert "unread.command" in {finding.rule_id for finding in exam.findings}
    assert "what it does: a parser failed, RecursionError" in exam.not_covered


@pytest.mark.usefixtures("failing_parser")
def test_a_crude_reading_still_meets_the_rules_of_commands():
    exam = JUDGE.examine(a_request(arguments={"command": "true; git push --force origin main"}))

    met = [finding.excerpt for finding in exam.findings if finding.rule_id != "unread.command"]
    assert met == ["git push --force origin main"]
    assert exam.risk_level >= RiskLevel.MEDIUM


@pytest.mark.usefixtures("failing_parser")
@pytest.mark.parametrize("arguments", [{}, {"command": []}, {"a": {"b": [["\ud800", 1, None]]}}])
def test_no_arguments_make_the_crude_reading_raise(arguments: dict[str, Any]):
    event = JUDGE.examine(a_request(arguments=arguments)).event(Policy())

    assert event.verdict.not_covered


@pytest.mark.usefixtures("failing_parser")
def test_a_secret_is_masked_also_where_the_parser_fails():
    fact = a_fact(kind=EventKind.PROMPT, action=Action.USER_PROMPT, data={"prompt": AWS_KEY})

    for activity in (fact, a_request(arguments={"command": f"echo {AWS_KEY}"})):
        exam = JUDGE.examine(activity)
        assert AWS_KEY not in f"{exam.without_secrets()}{exam.event(Policy())}"


@pytest.mark.parametrize("action", list(Action))
def test_half_a_sign_in_the_name_of_a_tool_costs_no_verdict(action: Action):
    event = JUDGE.examine(a_tool_call("send\ud800mail", action=action)).event(Policy())

    assert RiskLevel.LOW is event.verdict.risk_level
