"""`agentaudit rules`: own packs are written, checked and tried without a server."""

import json
from pathlib import Path

import pytest

from agentaudit_backend.commands import run
from tests.support.packs import OWN_PACK

Said = pytest.CaptureFixture[str]


def test_rules_are_listed_and_searched(capsys: Said):
    assert 0 == run(["rules", "list", "force_push"])

    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all("force_push" in line for line in lines)


def test_programs_get_rules_as_json(capsys: Said, tmp_path: Path):
    (tmp_path / "acme.yaml").write_text(OWN_PACK)

    run(["rules", "list", "acme.", "--json", "--packs-dir", str(tmp_path)])

    told = json.loads(capsys.readouterr().out)["rules"]
    assert ["acme.ledger_write", "acme.token"] == [rule["id"] for rule in told]
    assert ("high", "command", ["owasp.asi02:2026"]) == (
        told[0]["risk_level"],
        told[0]["asks_of"],
        told[0]["tags"],
    )


def test_a_new_pack_can_be_used_as_it_is(capsys: Said, tmp_path: Path):
    path = tmp_path / "acme.yaml"

    codes = [
        run(["rules", "new", "acme.ledger_write", "--folder", str(tmp_path)]),
        run(["rules", "test", str(path)]),
        run(["rules", "lint", str(tmp_path)]),
    ]

    said = capsys.readouterr()
    assert [0, 0, 0] == codes
    assert "1 rules, 2 examples, 0 of them wrong" in said.err
    assert "acme.ledger_write: no `tags`" in said.out


def test_a_file_that_is_there_is_not_written_over(capsys: Said, tmp_path: Path):
    (tmp_path / "acme.yaml").write_text("mine")

    assert 1 == run(["rules", "new", "acme.one", "--folder", str(tmp_path)])
    assert "mine" == (tmp_path / "acme.yaml").read_text()
    assert "File exists" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["acme", "Acme.one", "acme.", "../x.y", "acme.a-b"])
def test_a_name_that_is_no_rules_is_refused(name: str, tmp_path: Path):
    assert 2 == run(["rules", "new", name, "--folder", str(tmp_path)])
    assert [] == [*tmp_path.iterdir()]


def test_an_example_that_fails_is_named(capsys: Said, tmp_path: Path):
    path = tmp_path / "acme.yaml"
    path.write_text(OWN_PACK.replace("ledgerctl show 7", "ledgerctl void 7"))

    assert 1 == run(["rules", "test", str(path)])
    said = capsys.readouterr()
    assert "acme.ledger_write: the example 'a look' is found, and must not be" in said.out


@pytest.mark.parametrize("verb", ["test", "lint"])
def test_a_bad_pack_is_told_with_file_and_line(verb: str, capsys: Said, tmp_path: Path):
    path = tmp_path / "acme.yaml"
    path.write_text(OWN_PACK.replace("severity: high", "severity: huge"))

    assert 1 == run(["rules", verb, str(path)])
    assert f"{path}:8: acme.ledger_write: risk level 'huge'" in capsys.readouterr().err
    assert 1 == run(["rules", verb, str(tmp_path / "none.yaml")])
    assert "none.yaml: No such file" in capsys.readouterr().err
