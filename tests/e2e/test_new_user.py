"""A developer's first ten minutes with the wheel: the quickstart's commands, as they stand."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.support.laptop import Laptop, a_laptop
from tests.support.markdown import ROOT, MarkdownPage
from tests.support.relays import end_relays
from tests.support.server import RunningServer

QUICKSTART = MarkdownPage(ROOT / "docs" / "quickstart.md")
ARRIVAL_S = 90.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    server = RunningServer(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    laptop = replace(a_laptop(tmp_path_factory.mktemp("laptop")), shares_cache=False)
    yield laptop
    end_relays(laptop.home)


def _commands(server: RunningServer) -> list[list[str]]:
    """The quickstart's commands after `pip install`, with this server in the place of its own."""
    (block,) = [body for body in QUICKSTART.blocks("sh") if "agentaudit-hook login" in body]
    first, *rest = block.strip().splitlines()
    assert "pip install agentic-audit" == first
    return [line.replace("http://localhost:8000", server.url).split() for line in rest]


def _call(laptop: Laptop, command: str, call_id: str) -> str:
    """What Claude Code is told by the hook that its settings name."""
    settings = json.loads((laptop.home / ".claude" / "settings.json").read_text())
    (group,) = settings["hooks"]["PreToolUse"]
    told = {
        "session_id": "first-session",
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": command},
        "tool_use_id": call_id,
        "cwd": str(laptop.home),
    }
    line = group["hooks"][0]["command"]
    answer = laptop.run("/bin/sh", "-c", line, stdin=json.dumps(told))
    assert (0, "") == (answer.returncode, answer.stderr)
    return answer.stdout


def _timeline(server: RunningServer) -> str:
    with httpx.Client(base_url=server.url, timeout=30, follow_redirects=True) as browser:
        browser.post("/dashboard/login", data={"key": server.key})
        page = browser.get("/dashboard")
    assert 200 == page.status_code
    return page.text


def test_from_nothing_to_the_first_event_the_first_block_and_out_again(
    server: RunningServer, laptop: Laptop
) -> None:
    before = _files(laptop.home)
    key = server.run_command("key", "create", "--role", "ingest").stdout.split()[0]
    login, install, doctor = _commands(server)

    logged_in = laptop.run(*login, stdin=f"{key}\n")
    assert 0 == logged_in.returncode, logged_in.stderr
    asked = laptop.run(*install)
    assert "say --yes to write without being asked" in asked.stderr
    assert 0 == laptop.run(*install, "--yes").returncode
    healthy = laptop.run(*doctor)
    assert 0 == healthy.returncode, healthy.stdout
    assert "canary: hook → relay → server → stored → verdict" in healthy.stdout

    assert "" == _call(laptop, "echo a first event", "toolu_1")
    assert 0 == laptop.run("agentaudit-hook", "flush").returncode
    assert "echo a first event" in _timeline(server)

    rules = {"enabled": True, "block_on": "high"}
    policy = {"logging_level": "paranoid", "blocking_rules": rules}
    assert server.request("PUT", "/v1/org/policy", json=policy).is_success
    answer = _first_block(laptop)
    assert "deny" == answer["hookSpecificOutput"]["permissionDecision"]
    assert "Blocked by AgenticAudit" in answer["hookSpecificOutput"]["permissionDecisionReason"]
    assert "Decision   block" in laptop.run("agentaudit-hook", "test").stdout
    assert 0 == laptop.run("agentaudit-hook", "flush").returncode
    assert "rm -rf /srv/data" in _timeline(server)

    assert 0 == laptop.run("agentaudit-hook", "uninstall", "--yes").returncode
    assert not (laptop.home / ".claude").exists()
    assert 0 == laptop.run("agentaudit-hook", "uninstall", "--purge", "--yes").returncode
    assert before == _files(laptop.home)


def _first_block(laptop: Laptop) -> dict[str, dict[str, str]]:
    """The answer once the relay has fetched the new policy."""
    deadline = time.monotonic() + ARRIVAL_S
    number = 1
    while not (said := _call(laptop, "rm -rf /srv/data", f"toolu_block_{number}")):
        assert time.monotonic() < deadline, "the policy did not arrive"
        number += 1
        time.sleep(1)
    answer: dict[str, dict[str, str]] = json.loads(said)
    return answer


def _files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())
