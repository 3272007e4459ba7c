"""The policy as people write it: read whole, written whole, and what is wrong in it is named."""

import json
from dataclasses import fields
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import Answer, Capture, CapturePolicy, Exemption, Policy
from agentaudit_processor.policy_document import policy_of, to_document
from agentaudit_processor.policy_schema import policy_schema
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.policy_yaml import policy_yaml
from tests.support.policies import policies

EXEMPTION = {
    "id": "e1",
    "rule": "destructive.*",
    "owner": "alice",
    "reason": "migration",
    "expires": "2027-01-01T00:00:00Z",
}
HOLD = {"id": "case-7", "owner": "legal", "reason": "dispute", "query": "user:bob"}
NEW_YEAR_NS = 1_798_761_600_000_000_000


@given(policies())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(policy: Policy):
    document = json.loads(json.dumps(to_document(policy)))

    read = policy_of(document, version=policy.version, digest_key=policy.digest_key)

    assert policy == read


@given(policies())
@settings(max_examples=40, deadline=None)
def test_yaml_holds_a_document_too(policy: Policy):
    text = policy_yaml(policy)

    assert to_document(policy) == to_document(policy_of(yaml.safe_load(text)))


def test_an_empty_document_is_the_usual_policy():
    assert Policy() == policy_of({})


def test_the_schema_knows_every_field_and_no_other():
    document, schema = to_document(Policy()), policy_schema()

    inside = schema["properties"]
    assert list(document) == list(inside)
    for name in ("blocking_rules", "capture", "retention"):
        assert list(document[name]) == list(inside[name]["properties"])
    assert [each.name for each in fields(CapturePolicy)] == list(document["capture"])


def test_words_that_yaml_takes_for_false_mean_off():
    told = yaml.safe_load("rule_answers: {pii.email: off}\ncapture: {results: off}")

    policy = policy_of(told)

    assert {"pii.email": Answer.OFF} == policy.rule_answers
    assert Capture.OFF is policy.capture.results


def test_frameworks_may_be_switched_one_by_one():
    policy = policy_of({"frameworks": {"gdpr": True, "soc2": False}})

    assert ("gdpr",) == policy.frameworks


def test_keeping_for_ever_is_written_and_read():
    told = {"retention": {"content_days": None, "event_days": None, "holds": [HOLD]}}

    retention = policy_of(told).retention

    assert (None, None) == (retention.content_days, retention.event_days)
    assert told["retention"] == to_document(policy_of(told))["retention"]


def test_asking_nobody_is_written_and_read():
    assert to_document(Policy())["blocking_rules"]["ask_on"] is None
    asked = policy_of({"blocking_rules": {"ask_on": "medium"}})
    assert RiskLevel.MEDIUM is asked.ask_on


@pytest.mark.parametrize(
    ("expires", "at_ns"),
    [
        ("2027-01-01T00:00:00Z", NEW_YEAR_NS),
        ("2027-01-01T01:00:00+01:00", NEW_YEAR_NS),
        ("2027-01-01 00:00:00.000000001+00:00", NEW_YEAR_NS + 1),
        ("2026-12-31", NEW_YEAR_NS),
    ],
)
def test_an_expiry_is_a_moment_and_a_day_alone_counts_whole(expires: str, at_ns: int):
    by_text = policy_of({"exemptions": [EXEMPTION | {"expires": expires}]})
    by_yaml = policy_of({"exemptions": [EXEMPTION | {"expires": yaml.safe_load(expires)}]})

    assert [at_ns] == [each.expires_ns for each in by_text.exemptions]
    assert at_ns - 1 <= by_yaml.exemptions[0].expires_ns <= at_ns


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "policy"),
        ({"colour": "red"}, "colour"),
        ({7: "red"}, "7"),
        ({"logging_level": "loud"}, "logging_level"),
        ({"frameworks": "gdpr"}, "frameworks"),
        ({"frameworks": [7]}, "frameworks[0]"),
        ({"frameworks": {"gdpr": "often"}}, "frameworks.gdpr"),
        ({"blocking_rules": True}, "blocking_rules"),
        ({"blocking_rules": {"block_on": "huge"}}, "blocking_rules.block_on"),
        ({"blocking_rules": {"block_on": 3}}, "blocking_rules.block_on"),
        ({"blocking_rules": {"enabled": "often"}}, "blocking_rules.enabled"),
        ({"rule_answers": {"pii.email": "maybe"}}, "rule_answers.pii.email"),
        ({"tool_answers": {"Bash": "off"}}, "tool_answers.Bash"),
        ({"exemptions": {}}, "exemptions"),
        ({"exemptions": [EXEMPTION, EXEMPTION]}, "exemptions[1].id"),
        ({"exemptions": [EXEMPTION | {"reason": ""}]}, "exemptions[0].reason"),
        ({"exemptions": [EXEMPTION | {"expires": "soon"}]}, "exemptions[0].expires"),
        ({"exemptions": [EXEMPTION | {"expires": "2027-01-01T00:00"}]}, "exemptions[0].expires"),
        ({"exemptions": [EXEMPTION | {"expires": "9999-12-31"}]}, "exemptions[0].expires"),
        ({"exemptions": [EXEMPTION | {"file": "x"}]}, "exemptions[0].file"),
        ({"packs": ["x" * 300_000]}, "packs"),
        ({"flags": ["x"] * 1_001}, "flags"),
        ({"on_failure": "explode"}, "on_failure"),
        ({"require_remote_record": 1}, "require_remote_record"),
        ({"capture": {"results": "some"}}, "capture.results"),
        ({"capture": {"never_paths": "x"}}, "capture.never_paths"),
        ({"retention": {"event_days": "long"}}, "retention.event_days"),
        ({"retention": {"event_days": 0}}, "retention.event_days"),
        ({"retention": {"event_days": True}}, "retention.event_days"),
        ({"retention": {"content_days": 401}}, "retention.content_days"),
        ({"retention": {"content_days": None}}, "retention.content_days"),
        ({"retention": {"holds": [HOLD, HOLD]}}, "retention.holds[1].id"),
        ({"retention": {"holds": [HOLD | {"owner": ""}]}}, "retention.holds[0].owner"),
        ({"retention": {"holds": [HOLD | {"until": "x"}]}}, "retention.holds[0].until"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(document: Any, field: str):
    with pytest.raises(PolicyError) as refused:
        policy_of(document)

    assert field == refused.value.field
    assert str(refused.value).startswith(f"{field}: ")


def test_no_sign_in_the_yaml_hides_or_turns_the_text_around_it():
    hidden = "a\u202eb\u200b\u2066c\x9bd"
    exemption = Exemption(id="e", rule_id="pii.*", owner=hidden, reason="why", expires_ns=10**18)
    policy = Policy(exemptions=(exemption,), tool_answers={hidden: Answer.ASK})

    text = policy_yaml(policy)

    assert [] == [sign for sign in text if not sign.isprintable() and sign != "\n"]
    assert policy == policy_of(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("project", "field"),
    [
        ({"folder": "*"}, "projects[0].id"),
        ({"id": "a"}, "projects[0].folder"),
        ({"id": "a", "folder": "*", "rule_answers": {"x": "allow"}}, "projects[0].rule_answers.x"),
        ({"id": "a", "folder": "*", "rule_answers": {"x": "off"}}, "projects[0].rule_answers.x"),
        ({"id": "a", "folder": "*", "tool_answers": {"x": "allow"}}, "projects[0].tool_answers.x"),
        ({"id": "a", "folder": "*", "logging_level": "minimal"}, "projects[0].logging_level"),
    ],
    ids=str,
)
def test_a_project_that_would_loosen_something_is_refused(project: dict[str, Any], field: str):
    with pytest.raises(PolicyError) as wrong:
        policy_of({"projects": [project]})

    assert field == wrong.value.field
