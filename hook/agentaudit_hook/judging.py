"""The hook's judge: the packs that ship and those of the setting `packs_dir`."""

from pathlib import Path

from agentaudit_hook.settings import Settings
from agentaudit_processor.classify.own_packs import packs_of_folder
from agentaudit_processor.classify.patterns import RuleError
from agentaudit_processor.own_judge import judge_with, judge_without
from agentaudit_processor.pipeline import Judge


def load_judge(settings: Settings) -> tuple[Judge, str | None]:
    """The judge for `settings`, and what is wrong with the own packs, if anything is.

    A pack that is not right must not keep the agent from working: all own packs are left out then,
    and each Verdict says so.
    """
    if not settings.packs_dir:
        return Judge.load(), None
    try:
        return judge_with(packs_of_folder(Path(settings.packs_dir).expanduser())), None
    except RuleError as error:
        problem = f"packs_dir: {error}"
        return judge_without(f"own packs: {problem}"), problem
