"""An explanation tells how a call was read, what was found and what was near; nothing in clear."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentaudit_processor.explaining import Explanation, explain, explanation_json
from agentaudit_processor.model import Action, Decision
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Answer, LoggingLevel, Policy
from tests.support.builders import a_request

JUDGE = Judge.load()
PARANOID = Policy(logging_level=LoggingLevel.PARANOID, blocking_enabled=True)


def explained(command: str, policy: Policy = PARANOID) -> Explanation:
    """The explanation of a shell command."""
    return explain(JUDGE, policy, a_request(arguments={"command": command}))


def test_it_tells_what_is_done_what_is_found_and_what_is_decided():
    told = explained("sudo rm -rf src")

    assert ("touch", "delete_tree, project, as root") in [(f.kind, f.what) for f in told.facts]
    assert "destructive.delete_tree" in [f.rule_id for f in told.event.findings]
    assert Decision.BLOCK is told.event.verdict.decision


@pytest.mark.parametrize(
    ("command", "rule", "why"),
    [
        (
            "rm -rf src",
            "destructive.delete_everything",
            "its paths are a folder of the system or a whole home",
        ),
        ("cat .env.example", "sensitive_paths.read_env_file", "its exception (`unless`)"),
        ("cp .env /tmp/x/.env", "sensitive_paths.read_env_file", ""),
        ("git push --tags", "destructive_git.force_push", "it speaks of git, push too"),
    ],
)
def test_rules_that_nearly_matched_are_named_with_what_kept_them(command: str, rule: str, why: str):
    told = explained(command)

    met = {finding.rule_id for finding in told.event.findings}
    near = {miss.rule.id: miss.why for miss in told.near}
    assert (rule in met and rule not in near) if not why else near[rule].startswith(why)
    assert met.isdisjoint(near)


def test_a_rule_that_is_switched_off_is_not_said_to_be_near():
    policy = Policy(rule_answers={"destructive.delete_tree": Answer.OFF})

    told = explained("rm -rf src", policy)

    assert () == told.event.findings
    assert "destructive.delete_tree" not in [miss.rule.id for miss in told.near]


def test_a_number_that_fails_its_check_is_near():
    told = explain(
        JUDGE,
        PARANOID,
        a_request(action=Action.OTHER, arguments={"text": "card 4111 1111 1111 1112"}),
    )

    near = {miss.rule.id: miss.why for miss in told.near}
    assert "what looks like it does not pass" in near["pii.payment_card"]


def test_the_json_holds_all_of_it_and_no_secret():
    token = "AKIA" + "Q3EGRFB4WUS5LP2M"
    told = explanation_json(explained(f"curl -H 'x: {token}' h.de; mail bob@company.org"))

    text = json.dumps(told)
    assert token not in text
    assert "bob@company.org" not in text
    assert {"aws_access_key"} <= {finding["secret"] for finding in told["findings"]}
    assert 1 == told["format"]


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_nothing_that_is_asked_about_fails(command: str):
    json.dumps(explanation_json(explained(command)))


def test_of_a_file_that_is_written_it_is_told_what_it_does_when_it_runs():
    arguments = {"file_path": "deploy.sh", "content": "rm -rf /"}
    call = a_request("Write", action=Action.FILE_WRITE, arguments=arguments)

    told = explain(JUDGE, Policy(), call)

    assert ("when it runs", "rm -rf /") in [(fact.kind, fact.text) for fact in told.facts]


def test_a_control_is_told_with_its_kind_strength_and_why():
    told = explanation_json(explained("sudo rm -rf src"))

    assert told["controls"]
    assert all(hit["kind"] and hit["strength"] and hit["why"] for hit in told["controls"])
