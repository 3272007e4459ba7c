"""`agentaudit policy`: the policy as a document, checked, compared and applied."""

import json
from pathlib import Path

import pytest
import yaml

from agentaudit_backend.commands import run
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind
from agentaudit_processor.policy_document import policy_of
from tests.support.packs import OWN_PACK
from tests.support.stores import a_store

Said = pytest.CaptureFixture[str]
PARANOID = """\
logging_level: paranoid
blocking_rules: {enabled: true, block_on: high}
rule_answers: {destructive.delete_tree: ask}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory with a store, and room for documents."""
    with a_store(f"sqlite:///{tmp_path}/agentaudit.db") as _:
        return tmp_path


def a_file(home: Path, text: str = PARANOID) -> str:
    path = home / "policy.yaml"
    path.write_text(text)
    return str(path)


def policy(home: Path, *arguments: str) -> int:
    """Run a verb on the store of `home`."""
    return run(["policy", *arguments, "--data-dir", str(home), "--log-level", "error"])


def test_what_is_shown_can_be_read_back(home: Path, capsys: Said):
    assert 0 == policy(home, "show")
    shown = capsys.readouterr().out
    assert 0 == policy(home, "show", "--json")
    told = json.loads(capsys.readouterr().out)

    assert shown.startswith("# Version 1, in force.\n")
    assert 1 == told.pop("version")
    assert policy_of(told) == policy_of(yaml.safe_load(shown))


def test_a_document_is_applied_with_a_reason_and_recorded(home: Path, capsys: Said):
    assert 0 == policy(home, "apply", a_file(home), "--note", "as agreed", "--yes")

    said = capsys.readouterr()
    store = Store.open(f"sqlite:///{home}/agentaudit.db")
    found = store.policy(store.default_organization())
    (event,) = store.list_events(1, EventFilter(kinds=(EventKind.POLICY_CHANGE,))).items
    detail = store.event(1, event.event_id)
    store.close()
    assert "+logging_level: paranoid" in said.out
    assert "Version 2 is in force" in said.err
    assert (2, True) == (found.version, found.blocks)
    assert 32 == len(found.digest_key)
    assert detail is not None
    assert isinstance(detail.arguments, dict)
    assert "as agreed" == detail.arguments["note"]


def test_nothing_is_applied_unasked(home: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)

    assert 1 == policy(home, "apply", a_file(home), "--note", "x")
    assert "--yes" in capsys.readouterr().err
    assert 1 == policy(home, "diff", a_file(home))


def test_a_difference_is_shown_and_none_is_said_by_the_exit_code(home: Path, capsys: Said):
    policy(home, "show")
    same = a_file(home, capsys.readouterr().out)
    assert 0 == policy(home, "diff", same)
    assert "" == capsys.readouterr().out

    assert 1 == policy(home, "diff", a_file(home))
    assert "+  destructive.delete_tree: ask" in capsys.readouterr().out


def test_packs_are_written_line_by_line(home: Path, capsys: Said):
    text = yaml.safe_dump({"packs": [OWN_PACK]})
    policy(home, "apply", a_file(home, text), "--note", "x", "--yes")
    capsys.readouterr()

    policy(home, "show")

    shown = capsys.readouterr().out
    assert "  - id: acme.ledger_write\n" in shown
    assert [OWN_PACK] == yaml.safe_load(shown)["packs"]


def test_a_command_is_tried_under_a_document(home: Path, capsys: Said):
    assert 0 == policy(home, "test", a_file(home), "--command", "rm -rf src")

    assert capsys.readouterr().out.startswith("high risk, ask\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exemptions: [{id: x}]", "exemptions[0].rule: is missing"),
        ("rule_answers: {pii.moon: ask}", "rule_answers.pii.moon: there is no such rule"),
        ("a: [", "while parsing"),
    ],
)
def test_a_wrong_document_is_refused_by_field(home: Path, capsys: Said, text: str, message: str):
    for verb in (["test"], ["diff"], ["apply", "--note", "x", "--yes"]):
        assert 3 == policy(home, *verb, a_file(home, text))
        assert message in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(home: Path, capsys: Said):
    assert 3 == policy(home, "test", str(home / "none.yaml"))
    assert "none.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [("test",), ("apply", "--note", "n", "--yes"), ("diff",)])
def test_everything_that_is_wrong_is_told_with_file_and_line(
    home: Path, capsys: Said, verb: tuple[str, ...]
):
    path = a_file(home, "logging_level: loud\nretention:\n  event_days: 0\ncolour: red\n")

    code = policy(home, verb[0], path, *verb[1:])

    told = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]
    assert 3 == code
    assert {f"{path}:1: logging_level", f"{path}:3: retention.event_days", f"{path}:4: colour"} == {
        ": ".join(line.split(": ")[:2]) for line in told
    }
