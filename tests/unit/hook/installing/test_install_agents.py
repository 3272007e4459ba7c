"""Hooks in the settings of Codex, Gemini and Copilot CLI: put in once, taken out whole."""

import json
from pathlib import Path

import pytest

from agentaudit_hook.cli import run
from agentaudit_hook.installing.clients import CLIENTS, CODEX, COPILOT_CLI, GEMINI_CLI, Client
from agentaudit_hook.installing.entries import installed_events
from tests.support.agents import CONFORMANCE
from tests.support.settings import hooked, unhooked

COMMAND = "/opt/agent audit/bin/agentaudit-hook"
OTHERS = [CODEX, GEMINI_CLI, COPILOT_CLI]
RECORDED = {
    "codex": CONFORMANCE / "codex" / "hooks.json",
    "gemini-cli": CONFORMANCE / "gemini_cli" / "settings.json",
    "copilot-cli": CONFORMANCE / "copilot_cli" / "hooks.json",
}


def _name(client: Client) -> str:
    return client.name


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    homes = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "COPILOT_HOME")
    for name in (*homes, "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("agentaudit_hook.installing.clients.LINUX_SYSTEM", tmp_path / "etc")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("client", OTHERS, ids=_name)
def test_a_settings_file_that_the_agent_really_read_keeps_all_that_it_held(client: Client) -> None:
    theirs = json.loads(RECORDED[client.name].read_text())

    changed = hooked(theirs, COMMAND, client)

    assert list(client.verbs) == installed_events(changed, client)
    assert changed == hooked(changed, COMMAND, client)
    assert theirs == unhooked(changed)
    for event, groups in theirs["hooks"].items():
        assert groups == changed["hooks"][event][: len(groups)]


@pytest.mark.parametrize(
    ("client", "event", "expected"),
    [
        (
            CODEX,
            "PreToolUse",
            {"hooks": [{"type": "command", "command": "hook pre --agent codex", "timeout": 10}]},
        ),
        (
            CODEX,
            "SessionEnd",
            {
                "hooks": [
                    {"type": "command", "command": "hook session-end --agent codex", "timeout": 3}
                ]
            },
        ),
        (
            GEMINI_CLI,
            "BeforeTool",
            {
                "matcher": "*",
                "hooks": [
                    {
                        "type": "command",
                        "name": "agentaudit",
                        "command": "hook pre --agent gemini-cli",
                        "timeout": 10000,
                    }
                ],
            },
        ),
        (
            COPILOT_CLI,
            "permissionRequest",
            {
                "type": "command",
                "bash": "hook event permissionRequest --agent copilot-cli",
                "timeoutSec": 10,
            },
        ),
    ],
)
def test_an_entry_has_the_shape_that_its_agent_reads(
    client: Client, event: str, expected: dict[str, object]
) -> None:
    assert [expected] == hooked({}, "hook", client)["hooks"][event]


def test_copilots_file_names_its_version() -> None:
    assert 1 == hooked({}, COMMAND, COPILOT_CLI)["version"]


@pytest.mark.parametrize(
    ("client", "file"),
    [
        (CODEX, ".codex/hooks.json"),
        (GEMINI_CLI, ".gemini/settings.json"),
        (COPILOT_CLI, ".copilot/hooks/agentaudit.json"),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_install_and_uninstall_leave_no_file_that_says_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], client: Client, file: str
) -> None:
    chosen = ["--client", client.name]

    assert 0 == run(["install", *chosen, "--dry-run"])
    assert not (home / file).exists()
    assert 0 == run(["install", *chosen, "--yes"])
    installed = json.loads((home / file).read_text())
    assert 0 == run(["install", *chosen, "--yes"])
    assert "nothing to do" in capsys.readouterr().out
    assert 0 == run(["uninstall", *chosen, "--yes"])

    assert list(client.verbs) == installed_events(installed, client)
    assert [] == [path.name for path in home.iterdir() if path.name != ".local"]


def test_installing_for_codex_says_that_its_hooks_need_trust(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == run(["install", "--client", "codex", "--yes"])

    assert "Codex runs no hook that you have not trusted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("client", "variable", "expected"),
    [
        (CODEX, "CODEX_HOME", "/x/hooks.json"),
        (GEMINI_CLI, "GEMINI_CLI_HOME", "/x/.gemini/settings.json"),
        (COPILOT_CLI, "COPILOT_HOME", "/x/hooks/agentaudit.json"),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_moved_home_of_an_agent_is_found(client: Client, variable: str, expected: str) -> None:
    env = {"HOME": "/home/alice", variable: "/x"}

    assert expected == str(client.path("user", env, Path("/project")))


@pytest.mark.parametrize("client", OTHERS, ids=_name)
def test_only_claude_code_has_local_settings(
    home: Path, capsys: pytest.CaptureFixture[str], client: Client
) -> None:
    assert 1 == run(["install", "--client", client.name, "--scope", "local", "--yes"])

    assert f"{client.title} has no local settings" in capsys.readouterr().err
    assert "local" in CLIENTS["claude-code"].files


def test_an_agent_that_is_here_too_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".codex").mkdir()

    assert 0 == run(["install", "--yes"])
    before = capsys.readouterr().err
    assert 0 == run(["install", "--yes", "--client", "codex"])
    after = capsys.readouterr().err

    assert "Codex CLI is on this machine too, and not recorded" in before
    assert "`agentaudit-hook install --client codex`" in before
    assert "not recorded" not in after
