"""`agentaudit report` and `agentaudit export`: what a filter holds, as a file, and recorded."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from agentaudit_backend.commands import run
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind
from tests.support.audit_events import an_event
from tests.support.builders import a_tool_call
from tests.support.stores import a_store

Said = pytest.CaptureFixture[str]
SUMMARIES = ("make check", "rm -rf /", "=cmd|'/c calc'")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory with three Events of 2026-11-22, and room for files."""
    with a_store(f"sqlite:///{tmp_path}/agentaudit.db") as store:
        events = [an_event(a_tool_call(call_id=summary), summary=summary) for summary in SUMMARIES]
        store.write(store.default_organization(), events)
    return tmp_path


def taken(home: Path, verb: str, *arguments: str) -> int:
    """Run a verb on the store of `home`."""
    return run([verb, *arguments, "--data-dir", str(home), "--log-level", "error"])


def records(home: Path) -> list[str]:
    """The summaries of the Events that tell of exports."""
    with a_store(f"sqlite:///{home}/agentaudit.db") as store:
        found = store.walk(store.default_organization(), EventFilter(kinds=(EventKind.EXPORT,)))
        return [json.dumps(event.extra | {"arguments": event.arguments}) for event in found]


def test_an_export_holds_every_event_of_its_range(home: Path):
    file = home / "events.jsonl"

    code = taken(home, "export", "--range", "all", "-o", str(file))

    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert 0 == code
    assert set(SUMMARIES) == {event["summary"] for event in told}


def test_the_manifest_tells_what_the_file_holds(home: Path):
    file = home / "events.csv"

    taken(home, "export", "--range", "all", "--query", "kind:tool_call", "-o", str(file))

    manifest = json.loads((home / "events.csv.manifest.json").read_text())
    assert sha256(file.read_bytes()).hexdigest() == manifest["sha256"]
    assert ("csv", 3, None) == (manifest["form"], manifest["events"], manifest["from"])
    assert "query “kind:tool_call”" == manifest["scope"]


def test_a_range_leaves_out_what_lies_before_it(home: Path):
    file = home / "events.jsonl"

    taken(home, "export", "--from", "2199-01-01", "-o", str(file))

    assert b"" == file.read_bytes()


def test_a_file_is_for_its_owner_alone(home: Path):
    file = home / "events.jsonl"

    taken(home, "export", "-o", str(file))

    assert 0o600 == file.stat().st_mode & 0o777


def test_an_export_goes_to_stdout_without_a_word_more(
    home: Path, capfdbinary: pytest.CaptureFixture[bytes]
):
    code = taken(home, "export", "--range", "all", "-o", "-")

    lines = capfdbinary.readouterr().out.splitlines()
    assert 0 == code
    assert 3 == len([json.loads(line) for line in lines])
    assert not (home / "-").exists()


def test_taking_away_is_recorded_with_the_hash(home: Path):
    file = home / "events.jsonl"

    taken(home, "export", "--range", "all", "-o", str(file))

    (record,) = records(home)
    assert sha256(file.read_bytes()).hexdigest() in record


def test_a_report_is_a_pdf_and_is_recorded(home: Path, capsys: Said):
    file = home / "report.pdf"

    code = taken(home, "report", "--range", "all", "-o", str(file), "--organization", "Acme & Co")

    (record,) = records(home)
    assert 0 == code
    assert file.read_bytes().startswith(b"%PDF-")
    assert sha256(file.read_bytes()).hexdigest() in record
    assert "3 events" in capsys.readouterr().err


def test_a_report_as_json_is_what_its_pdf_has_attached(home: Path, capsys: Said):
    file = home / "report.json"

    code = taken(home, "report", "--range", "all", "-o", str(file), "--format", "json")

    (record,) = records(home)
    document = json.loads(file.read_bytes())
    assert 0 == code
    assert 3 == document["stats"]["total"]
    assert "json report" in record
    assert sha256(file.read_bytes()).hexdigest() in record


@pytest.mark.parametrize("verb", ["report", "export"])
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (["--range", "3w"], "--range: “3w” is none of"),
        (["--from", "yesterday"], "--from: “yesterday” is no time"),
        (["--query", "riks:high"], "--query: unknown field"),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "--to: must be later"),
    ],
)
def test_an_option_that_means_nothing_is_named(
    home: Path, capsys: Said, verb: str, wrong: list[str], named: str
):
    code = taken(home, verb, *wrong, "-o", str(home / "file"))

    assert 2 == code
    assert named in capsys.readouterr().err
    assert not (home / "file").exists()


@pytest.mark.parametrize("verb", ["report", "export"])
def test_a_place_that_cannot_be_written_is_told(home: Path, capsys: Said, verb: str):
    code = taken(home, verb, "-o", str(home / "missing" / "file"))

    assert 1 == code
    assert "No such file or directory" in capsys.readouterr().err
    assert [] == records(home)
