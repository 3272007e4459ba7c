"""Every rule's examples are its tests."""

import pytest

from agentaudit_processor.classify.rules import Example, Rule
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.rule_examples import finds

JUDGE = Judge.load()


@pytest.mark.parametrize(
    ("rule", "example"),
    [
        pytest.param(
            rule,
            example,
            id=f"{rule.id}-{'match' if example.matches else 'no_match'}-{example.name}",
        )
        for rule in JUDGE.packs.rules
        for example in rule.examples
    ],
)
def test_an_example_does_what_it_says(rule: Rule, example: Example):
    assert finds(JUDGE, rule, example) == example.matches
