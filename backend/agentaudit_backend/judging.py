"""The server's judge: the packs that ship and those of the operator's folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_backend.failure import CannotStart
from agentaudit_processor.classify.own_packs import packs_of_folder
from agentaudit_processor.classify.patterns import RuleError
from agentaudit_processor.own_judge import judge_with
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.rule_examples import wrong_examples

if TYPE_CHECKING:  # workers, which are many, read none
    from agentaudit_backend.settings import Settings


def load_judge(settings: "Settings") -> Judge:
    """The judge for `settings`.

    Raises:
        CannotStart: see `judge_of`.
    """
    return judge_of(settings.packs_dir)


def judge_of(packs_dir: Path | None) -> Judge:
    """The judge with the packs of the operator's folder, if there is one.

    Raises:
        CannotStart: a pack of the folder is not right, or an example of it fails; the text names
            file and line, or the rule and its example.
    """
    try:
        own = packs_of_folder(packs_dir) if packs_dir else ()
        judge = judge_with(own)
    except RuleError as error:
        raise CannotStart(f"--packs-dir: {error}") from None
    wrong = next(wrong_examples(judge, judge.packs.own), None)
    if wrong is not None:
        raise CannotStart(f"--packs-dir: {packs_dir}: {wrong}")
    return judge
