"""Verbs of `agentaudit` that work on a database: a mistyped path is told, and makes none."""

from pathlib import Path

import pytest

from agentaudit_backend.commands import run

Said = pytest.CaptureFixture[str]
ASKING = (
    ["key", "list"],
    ["key", "create", "--role", "ingest"],
    ["key", "revoke", "aa_live_x"],
    ["policy", "show"],
    ["retention", "--dry-run"],
    ["seed", "--remove"],
    ["report", "-o", "report.pdf"],
    ["export", "-o", "events.jsonl"],
)


@pytest.mark.parametrize("line", ASKING, ids=" ".join)
@pytest.mark.parametrize("folder", ["mistyped", "."])
def test_a_verb_that_asks_a_database_makes_none(
    tmp_path: Path, capsys: Said, line: list[str], folder: str
) -> None:
    place = tmp_path / folder

    code = run([*line, "--data-dir", str(place), "--log-level", "error"])

    said = capsys.readouterr().err
    assert 1 == code
    assert f"--data-dir {place}: there is no database" in said
    assert "or start `agentaudit serve` once" in said
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("line", [["migrate"], ["seed", "--events", "1", "--days", "1"]])
def test_a_verb_that_makes_one_makes_it(tmp_path: Path, line: list[str]) -> None:
    code = run([*line, "--data-dir", str(tmp_path / "new"), "--log-level", "error"])

    assert 0 == code
    assert (tmp_path / "new" / "agentaudit.db").exists()


def test_a_policy_that_is_not_there_is_told_in_a_sentence(tmp_path: Path, capsys: Said) -> None:
    missing, folder = tmp_path / "nope.yaml", tmp_path

    codes = [run(["policy", "test", str(missing)]), run(["policy", "test", str(folder)])]

    assert [3, 3] == codes
    assert [
        f"agentaudit: {missing} cannot be read: no such file or directory",
        f"agentaudit: {folder} cannot be read: is a directory",
    ] == capsys.readouterr().err.splitlines()
