"""What every verb of `agentaudit` promises: exit codes, `--json`, `-q`, no question unasked."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from agentaudit_backend.commands import demo, run
from agentaudit_backend.commands.console import FORMAT, QUIET
from tests.support.audit_events import an_event
from tests.support.stores import a_store

Said = pytest.CaptureFixture[str]
AWAY = "postgresql://u:hunter2@127.0.0.1:1/x"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What options put there goes with the test."""
    for name in (QUIET, "NO_COLOR"):
        monkeypatch.setenv(name, "")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory with an Event of a real agent, a key, and a pack beside them."""
    with a_store(f"sqlite:///{tmp_path}/agentaudit.db") as store:
        organization = store.default_organization()
        store.write(organization, [an_event()])
        store.create_key(organization, role="ingest", name="laptops")
    (tmp_path / "policy.yaml").write_text("logging_level: paranoid\n")
    return tmp_path


def told(capsys: Said, home: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and the one object that a verb prints."""
    code = run([*words, "--json", "--data-dir", str(home)])
    (line,) = capsys.readouterr().out.splitlines()
    return code, json.loads(line)


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (("key", "create", "--name", "a", "--days", "3"), {"key", "role", "name", "expires_at"}),
        (("key", "list"), {"keys"}),
        (("key", "revoke", "1"), {"revoked"}),
        (
            ("retention", "--dry-run"),
            {"dry_run", "contents", "contents_before", "events", "events_before", "held"},
        ),
        (("policy", "test", "policy.yaml"), {"usable", "verdict"}),
        (("policy", "diff", "policy.yaml"), {"differs", "diff"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_json_is_one_object_with_the_version_of_its_shape(
    home: Path, capsys: Said, words: tuple[str, ...], fields: set[str]
):
    line = [str(home / word) if word.endswith(".yaml") else word for word in words]

    code, answer = told(capsys, home, *line)

    assert FORMAT == answer.pop("format")
    assert fields == set(answer)
    assert (1 if words[1] == "diff" else 0) == code


def test_rules_and_doctor_tell_programs_the_same_way(home: Path, capsys: Said):
    codes = [
        run(["rules", "test", "--json"]),
        run(
            [
                "doctor",
                "--json",
                "--data-dir",
                str(home),
                "--port",
                "1",
                "--otlp-grpc-port",
                "1",
                "--otlp-http-port",
                "1",
            ]
        ),
    ]

    rules, doctor = map(json.loads, capsys.readouterr().out.splitlines())
    assert [0, 1] == codes
    assert (FORMAT, []) == (rules["format"], rules["wrong"])
    assert ["ok", "fail", "fail", "fail"] == [each["state"] for each in doctor["checks"]]
    assert (FORMAT, 3) == (doctor["format"], doctor["failed"])


def test_a_verdict_is_told_to_programs(home: Path, capsys: Said):
    _, answer = told(
        capsys, home, "policy", "test", str(home / "policy.yaml"), "--command", "rm -rf /"
    )

    assert {"risk_level", "decision", "reasons"} == set(answer["verdict"])
    assert "critical" == answer["verdict"]["risk_level"]


def test_times_are_iso_8601(home: Path, capsys: Said):
    run(["retention", "--dry-run", "--data-dir", str(home)])
    text = capsys.readouterr().out
    _, keys = told(capsys, home, "key", "list")

    assert re.search(r"before \d{4}-\d\d-\d\dT\d\d:\d\dZ", text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", keys["keys"][0]["created_at"])


@pytest.mark.parametrize(
    ("words", "code", "what_to_do"),
    [
        (("key", "revoke", "nope"), 1, "agentaudit key list"),
        (("key", "create", "--days", "99999999999"), 2, "--days is 1 to"),
        (("key", "create", "--days", "-1"), 2, "without it the key never expires"),
        (("seed", "--events", "9" * 30), 2, "--events is 1 to"),
        (("demo", "--days", "0"), 2, "--days is 1 to"),
        (("rules", "test", "empty"), 2, "no pack is in this folder"),
        (("seed", "--events", "5"), 4, "--force"),
        (("key", "list", "--database-url", AWAY), 5, "the database does not answer"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_has_its_exit_code_and_says_what_to_do(
    home: Path, capsys: Said, words: tuple[str, ...], code: int, what_to_do: str
):
    (home / "empty").mkdir()
    line = [str(home / word) if word == "empty" else word for word in words]
    place = [] if words[0] in ("rules", "demo") else ["--data-dir", str(home)]

    answer = run([*line, *place, "-q"])

    said = capsys.readouterr()
    assert (code, "") == (answer, said.out)
    assert 1 == len(said.err.splitlines())
    assert said.err.startswith("agentaudit: ")
    assert what_to_do in said.err
    assert "hunter2" not in said.err


def test_a_folder_that_may_not_be_read_is_not_allowed(
    home: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)  # root may read everything

    code = run(["key", "list", "--data-dir", str(home)])

    assert 4 == code
    assert f"--data-dir {home}: cannot be used: Permission denied" in capsys.readouterr().err


def test_who_interrupts_gets_130(home: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("agentaudit_backend.store.store.Store.list_keys", interrupted)

    assert 130 == run(["key", "list", "--data-dir", str(home)])


@pytest.mark.parametrize("place", ["before", "behind"])
def test_common_options_may_stand_before_or_behind_the_verb(home: Path, capsys: Said, place: str):
    options, verb = ["-q", "--no-color"], ["rules", "list", "no-such-word"]

    code = run([*options, *verb] if place == "before" else [*verb, *options])

    assert (0, ("", "")) == (code, tuple(capsys.readouterr()))
    assert "1" == os.environ["NO_COLOR"]


def test_nobody_is_asked_where_nobody_sits(home: Path, capsys: Said):
    code = run(
        ["policy", "apply", str(home / "policy.yaml"), "--note", "x", "--data-dir", str(home)]
    )

    assert 1 == code
    assert "--yes" in capsys.readouterr().err


def test_a_demo_takes_no_database_of_yours():
    assert not {"data_dir", "database_url"} & set(demo.SETTINGS)
