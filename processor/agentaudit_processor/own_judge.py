"""A Judge that knows an organisation's own packs beside those that ship."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from agentaudit_processor.classify.controls import Controls
from agentaudit_processor.classify.own_packs import OwnPack, packs_of_policy, packs_with
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.patterns import RuleError
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy

_MOST_POLICIES = 8


def judge_with(own: Sequence[OwnPack]) -> Judge:
    """The Judge with the packs that ship and `own`.

    Raises:
        RuleError: a pack is not right; the text names place, file and line.
    """
    return Judge(packs_with(load_packs(), own), Controls())


def judge_without(problem: str) -> Judge:
    """The Judge with the packs that ship, each of whose Verdicts tells of the `problem`."""
    return Judge(replace(load_packs(), left_out=(problem,)), Controls())


def judge_under(judge: Judge, policy: Policy) -> Judge:
    """`judge` with the packs of `policy` too; the same one for the same packs.

    Packs that this version cannot read (another one took them) are left out, and every Verdict
    says so.
    """
    return _widened(judge, policy.packs) if policy.packs else judge


@lru_cache(maxsize=_MOST_POLICIES)
def _widened(judge: Judge, texts: tuple[str, ...]) -> Judge:
    try:
        packs = packs_with(judge.packs, packs_of_policy(texts))
    except RuleError as error:
        left_out = (*judge.packs.left_out, f"the policy's packs: {error}")
        packs = replace(judge.packs, left_out=left_out)
    return Judge(packs, judge.controls)
