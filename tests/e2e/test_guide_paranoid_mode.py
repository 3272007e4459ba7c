"""The guide's last part: paranoid mode keeps the real Claude Code from what is too risky."""

import json
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.journey import GUIDE, GUIDE_URL, Journey, a_journey
from tests.support.model_server import says, uses
from tests.support.requirements import need
from tests.support.server import RunningServer, a_server

pytestmark = pytest.mark.claude

HALF_A_MINUTE_S = 30
BYE = says("I could not do that.")


def guide_command() -> tuple[str, str, dict[str, Any]]:
    """Method, path and JSON body of the guide's curl command."""
    block = next(block for block in GUIDE.blocks("sh") if "curl" in block)
    words = shlex.split(block.replace("\\\n", ""))
    url = next(word for word in words if word.startswith("http"))
    return words[words.index("-X") + 1], url.removeprefix(GUIDE_URL), json.loads(words[-1])


REMOVES = uses(("Bash", {"command": "rm -rf victim", "description": "Clean up"}))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    need("claude")
    with a_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def journey(server: RunningServer, tmp_path: Path) -> Iterator[Journey]:
    with a_journey(tmp_path / "laptop", url=server.url, key=server.key) as journey:
        yield journey
        journey.set_policy(logging_level="full", blocking_rules={"enabled": False})


@pytest.fixture
def victim(journey: Journey) -> Path:
    """A folder in the project that somebody would miss."""
    folder = journey.claude.project / "victim"
    folder.mkdir()
    (folder / "thesis.txt").write_text("three years of work")
    return folder


def test_without_paranoid_mode_the_folder_is_gone(journey: Journey, victim: Path) -> None:
    """The other tests mean something only because this happens."""
    journey.run(REMOVES, BYE)

    assert not victim.exists()
    assert "allow" == journey.calls_by_id()["toolu_main_00_00"]["decision"]


def test_rm_rf_does_not_run_and_the_model_reads_why(journey: Journey, victim: Path) -> None:
    method, path, body = guide_command()
    journey.api(method, path, json=body)

    told = journey.run(REMOVES, BYE)

    assert (victim / "thesis.txt").read_text() == "three years of work"
    is_error, text = told["toolu_main_00_00"]
    assert is_error
    assert "AgenticAudit" in text
    assert "elete" in text
    assert "aa_live_" not in text


def test_the_refused_call_is_a_full_event(journey: Journey, victim: Path) -> None:
    method, path, body = guide_command()
    journey.api(method, path, json=body)

    journey.run(REMOVES, BYE)

    event = journey.calls_by_id()["toolu_main_00_00"]
    assert ("shell_command", "block") == (event["action"], event["decision"])
    assert event["risk_level"] in ("high", "critical")
    assert event["reason"]
    assert "rm -rf victim" == event["data"]["command"]
    assert victim.exists()
    assert "alice@example.com" == event["context"]["user_email"]
    assert event["frameworks"]


def test_installing_over_the_guides_hooks_leaves_one_event_and_one_refusal(
    journey: Journey, victim: Path
) -> None:
    method, path, body = guide_command()
    journey.api(method, path, json=body)
    journey.hook("install", "--scope", "project", "--yes")

    told = journey.run(REMOVES, BYE)

    settings = json.loads((journey.claude.project / ".claude" / "settings.json").read_text())
    assert 1 == len(settings["hooks"]["PreToolUse"])
    assert 1 == told["toolu_main_00_00"][1].count("Blocked by AgenticAudit")
    assert "block" == journey.calls_by_id()["toolu_main_00_00"]["decision"]
    assert victim.exists()


def test_harmless_calls_still_run(journey: Journey) -> None:
    method, path, body = guide_command()
    journey.api(method, path, json=body)

    told = journey.run(uses(("Bash", {"command": "echo fine", "description": "Say so"})), BYE)

    assert (False, "fine") == told["toolu_main_00_00"]


def test_a_running_hook_follows_within_half_a_minute(journey: Journey, victim: Path) -> None:
    journey.run(uses(("Bash", {"command": "true", "description": "Nothing"})), BYE)
    method, path, body = guide_command()
    journey.api(method, path, json=body)

    deadline = time.monotonic() + HALF_A_MINUTE_S
    while json.loads(journey.hook("status", "--json"))["relay"]["blocks_from"] != "high":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    again = Journey(url=journey.url, key=journey.key, claude=journey.claude)
    again.run(REMOVES, BYE)

    assert victim.exists()


def test_the_api_answers_block_to_a_client_that_asks(journey: Journey) -> None:
    method, path, body = guide_command()
    journey.api(method, path, json=body)
    asked = {"agent_id": "billing-bot", "action": "shell_command"}

    refused = journey.api(
        "POST", "/v1/events", json=asked | {"data": {"command": "rm -rf /srv/data"}}
    )
    allowed = journey.api("POST", "/v1/events", json=asked | {"data": {"command": "ls"}})

    assert ("block", "allow") == (refused["decision"], allowed["decision"])
    assert refused["reason"]
    assert refused["stored"]
