"""The server's judge knows the operator's folder of packs, or does not start."""

from pathlib import Path

import pytest

from agentaudit_backend.failure import CannotStart
from agentaudit_backend.judging import load_judge
from agentaudit_backend.settings import Settings
from tests.support.packs import OWN_PACK


def test_the_folder_is_read(tmp_path: Path):
    (tmp_path / "acme.yaml").write_text(OWN_PACK)
    (tmp_path / "notes.txt").write_text("no pack")

    judge = load_judge(Settings(packs_dir=tmp_path))

    assert ["acme.ledger_write", "acme.token"] == [rule.id for rule in judge.packs.own]


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        ("severity: high", "severity: huge", "acme.yaml:8: acme.ledger_write: risk level 'huge'"),
        ("ledgerctl show 7", "ledgerctl post 7", "the example 'a look' is found, and must not be"),
    ],
)
def test_a_pack_that_is_not_right_keeps_the_server_from_starting(
    tmp_path: Path, find: str, put: str, message: str
):
    (tmp_path / "acme.yaml").write_text(OWN_PACK.replace(find, put))

    with pytest.raises(CannotStart, match=r"^--packs-dir: ") as refused:
        load_judge(Settings(packs_dir=tmp_path))

    assert message in str(refused.value)
