"""The policy and the pack that the documentation shows can be used as they stand."""

import pytest
import yaml

from agentaudit_processor.classify.own_packs import OwnPack
from agentaudit_processor.own_judge import judge_with
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_check import check_policy
from agentaudit_processor.policy_document import policy_of, to_document
from agentaudit_processor.rule_examples import wrong_examples
from tests.support.markdown import ROOT, MarkdownPage

POLICY = MarkdownPage(ROOT / "docs/policy.md")
PACKS = MarkdownPage(ROOT / "docs/guides/own-packs.md")


def test_the_policy_shown_can_be_put_in_force_and_shows_every_field() -> None:
    (text,) = POLICY.blocks("yaml")
    document = yaml.safe_load(text)

    policy = policy_of(document)

    check_policy(policy, Judge.load())
    usual = to_document(Policy())
    assert list(usual) == list(document)
    for name in ("blocking_rules", "approvals", "capture"):
        assert list(usual[name]) == list(document[name])
    assert list(to_document(policy)["exemptions"][0]) == list(document["exemptions"][0])


def test_the_pack_shown_can_be_used_and_its_examples_hold() -> None:
    (text,) = PACKS.blocks("yaml")

    judge = judge_with([OwnPack(place="docs", text=text)])

    assert ["acme.ledger_write"] == [rule.id for rule in judge.packs.own]
    assert [] == list(wrong_examples(judge, judge.packs.own))


@pytest.mark.parametrize("page", [POLICY, PACKS], ids=lambda page: page.name)
def test_the_commands_shown_have_verbs_that_exist(page: MarkdownPage) -> None:
    from agentaudit_backend.commands import run

    (text,) = page.blocks("sh")
    for line in text.splitlines():
        with pytest.raises(SystemExit) as ended:
            run([*line.split()[1:3], "--help"])
        assert 0 == ended.value.code
