"""Hook entries that make a failing hook a refusal, for each agent and version."""

import subprocess
from pathlib import Path

import pytest

from agentaudit_hook.agents.recognise import split_argument
from agentaudit_hook.installing.calls import is_ours
from agentaudit_hook.installing.clients import (
    CLAUDE_CODE,
    CLIENTS,
    CODEX,
    COPILOT_CLI,
    GEMINI_CLI,
    Client,
)
from agentaudit_hook.installing.entries import Wanted
from agentaudit_hook.installing.fail_mode import claude_code_version, is_closed, policy_is_closed

PRE = {"claude-code": "PreToolUse", "codex": "PreToolUse", "gemini-cli": "BeforeTool"}


def _entry(
    client: Client, event: str, command: str, version: tuple[int, ...] | None = None
) -> dict:  # type: ignore[type-arg]
    return Wanted(client=client, command=command, fail_closed=True, version=version).entry(event)


def _run(line: str) -> tuple[int, str, str]:
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def _program(folder: Path, text: str) -> str:
    path = folder / "agentaudit-hook"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("client", [CLAUDE_CODE, CODEX, GEMINI_CLI], ids=lambda one: one.name)
@pytest.mark.parametrize("text", ["exit 1", "kill -9 $$", "exit 127"])
def test_whatever_befalls_the_hook_its_shell_gives_2_and_a_reason(
    client: Client, text: str, tmp_path: Path
) -> None:
    entry = _entry(client, PRE[client.name], _program(tmp_path, text))

    code, stdout, stderr = _run(entry["command"])

    assert (2, "") == (code, stdout)
    assert "AgenticAudit could not judge this call" in stderr


def test_a_program_that_is_gone_is_a_refusal_too() -> None:
    assert 2 == _run(_entry(CODEX, "PreToolUse", "/nowhere/agentaudit-hook")["command"])[0]


def test_a_hook_that_does_its_work_is_left_alone(tmp_path: Path) -> None:
    entry = _entry(CODEX, "PreToolUse", _program(tmp_path, "echo decision"))

    assert (0, "decision\n", "") == _run(entry["command"])


def test_copilot_is_given_the_json_that_it_takes_for_a_refusal(tmp_path: Path) -> None:
    entry = _entry(COPILOT_CLI, "preToolUse", _program(tmp_path, "exit 1"))

    code, stdout, _ = _run(entry["bash"])

    assert 0 == code
    assert '{"permissionDecision":"deny","permissionDecisionReason":"AgenticAudit could' in stdout


@pytest.mark.parametrize(
    ("version", "switch", "tail"),
    [
        ((2, 1, 330), True, False),
        ((2, 1, 295), True, False),
        ((2, 1, 294), False, True),
        (None, True, True),
    ],
)
def test_claude_code_is_told_in_the_way_that_its_version_reads(
    version: tuple[int, ...] | None, switch: bool, tail: bool
) -> None:
    entry = _entry(CLAUDE_CODE, "PreToolUse", "/opt/agentaudit-hook", version)

    assert switch == (entry.get("onFailure") == "block")
    assert tail == ("exit 2" in entry["command"])
    assert entry["command"].startswith("/opt/agentaudit-hook pre --fail-closed")


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda one: one.name)
def test_only_the_event_before_a_call_fails_closed_and_all_stay_ours(client: Client) -> None:
    entries = {event: _entry(client, event, "/opt/a b/agentaudit-hook") for event in client.verbs}

    closed = [client.verbs[event] for event, entry in entries.items() if is_closed(entry)]

    assert ["pre"] == closed
    assert all(map(is_ours, entries.values()))


def test_the_option_is_no_events_name() -> None:
    assert ("copilot-cli", "x") == split_argument("--agent copilot-cli --fail-closed x")
    assert ("", "") == split_argument("--fail-closed")


@pytest.mark.parametrize(
    ("said", "version"),
    [("2.1.330 (Claude Code)", (2, 1, 330)), ("no idea", None), ("9.9.9-beta", (9, 9, 9))],
)
def test_the_version_is_what_claude_says(
    said: str, version: tuple[int, ...] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claude = tmp_path / "claude"
    claude.write_text(f"#!/bin/sh\necho '{said}'\n")
    claude.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert version == claude_code_version()


def test_no_claude_has_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert claude_code_version() is None


@pytest.mark.parametrize("kept", [None, "", "[]", '{"policy": 3}', '{"policy": {}}'])
def test_no_policy_that_says_so_is_open(kept: str | None, tmp_path: Path) -> None:
    if kept is not None:
        (tmp_path / "policy.json").write_text(kept)

    assert not policy_is_closed(tmp_path)
