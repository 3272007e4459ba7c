"""The hook's judge knows the user's folder of packs, and goes on without a bad one."""

from pathlib import Path

from agentaudit_hook.judging import load_judge
from agentaudit_hook.settings import Settings
from agentaudit_processor.policy import Policy
from tests.support.builders import a_request
from tests.support.packs import OWN_PACK


def test_the_folder_is_read(tmp_path: Path):
    (tmp_path / "acme.yaml").write_text(OWN_PACK)

    judge, problem = load_judge(Settings(packs_dir=str(tmp_path)))

    assert problem is None
    assert ["acme.ledger_write", "acme.token"] == [rule.id for rule in judge.packs.own]


def test_without_a_folder_there_are_the_packs_that_ship():
    judge, problem = load_judge(Settings())

    assert problem is None
    assert () == judge.packs.own


def test_a_bad_pack_stops_nobody_and_is_told_in_every_verdict(tmp_path: Path):
    (tmp_path / "acme.yaml").write_text(OWN_PACK.replace("severity: high", "severity: huge"))

    judge, problem = load_judge(Settings(packs_dir=str(tmp_path)))
    verdict = judge.examine(a_request()).verdict(Policy())

    assert problem is not None
    assert "acme.yaml:8: acme.ledger_write: risk level 'huge'" in problem
    assert (f"own packs: {problem}",) == verdict.not_covered
