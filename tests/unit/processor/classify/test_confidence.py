"""A finding of personal data says how sure it is."""

import pytest

from agentaudit_processor.classify.confidence import confidence_of
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_request

JUDGE = Judge.load()
RULES = {rule.id: rule for rule in load_packs().rules}


@pytest.mark.parametrize(
    ("rule_id", "confidence"),
    [
        ("pii.iban", "high"),
        ("pii.payment_card", "high"),
        ("pii_ids_western_europe.nl", "high"),
        ("pii_ids_eastern_europe.pl", "high"),
        ("pii.us_social_security_number", "medium"),
        ("pii.email", "medium"),
        ("pii_context.passport", "medium"),
        ("pii_special.genotype_table", "low"),
        ("secrets.jwt", "high"),
        ("secrets.told_password", "low"),
        ("destructive.fork_bomb", "high"),
    ],
)
def test_check_digits_are_surer_than_a_name_and_a_name_than_a_form(rule_id: str, confidence: str):
    assert confidence == confidence_of(RULES[rule_id])


def test_the_explanation_of_personal_data_ends_in_its_confidence():
    call = a_request(arguments={"iban": "DE89370400440532013000", "command": "rm -rf /"})

    told = {f.rule_id: f.explanation for f in JUDGE.examine(call).findings}

    assert told["pii.iban"].endswith("Confidence: high, its check digits hold.")
    assert not any("Confidence" in why for rule, why in told.items() if "pii" not in rule)


def test_a_finding_carries_its_confidence():
    call = a_request(arguments={"iban": "DE89370400440532013000", "command": "rm -rf /"})

    told = {f.rule_id: f.confidence for f in JUDGE.examine(call).findings}

    assert told["pii.iban"] == "high"
    assert {"high"} == {sure for rule, sure in told.items() if rule.startswith("destructive")}


def test_a_command_that_could_not_be_parsed_is_judged_with_less_confidence():
    rule = RULES["destructive.fork_bomb"]

    assert "low" == confidence_of(rule, crude=True)
