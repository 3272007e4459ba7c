"""Hooks in Claude Code's settings: put in once, taken out whole, nothing else touched."""

import json
from pathlib import Path
from typing import Any

import pytest

from agentaudit_hook import install
from agentaudit_hook.cli import run
from agentaudit_hook.install import (
    BadFile,
    installed_events,
    recommended_events,
    rendered,
    settings_path,
    with_hooks,
    without_hooks,
)

COMMAND = "/opt/agent audit/bin/agentaudit-hook"


def _theirs() -> dict[str, Any]:
    other = {"type": "command", "command": "/usr/bin/notify agentaudit-hook-like"}
    return {
        "model": "opus",
        "hooks": {
            "PreToolUse": [{"matcher": "Bash", "hooks": [dict(other)]}],
            "WorktreeCreate": [{"hooks": [dict(other)]}],
        },
        "env": {"ÄÖÜ": "1"},
    }


def test_the_recommended_events_are_registered_once() -> None:
    once = with_hooks({}, COMMAND)

    assert recommended_events() == installed_events(once)
    assert once == with_hooks(once, COMMAND)
    assert "WorktreeCreate" not in once["hooks"]
    assert "MessageDisplay" not in once["hooks"]


def test_each_entry_names_the_command_by_its_whole_path_and_a_timeout() -> None:
    (group,) = with_hooks({}, COMMAND)["hooks"]["PreToolUse"]

    assert "" == group["matcher"]
    entry = {"type": "command", "command": "'/opt/agent audit/bin/agentaudit-hook' pre"}
    assert [entry | {"timeout": 10}] == group["hooks"]


def test_what_others_put_there_stays_in_its_place() -> None:
    changed = with_hooks(_theirs(), COMMAND)

    assert list(_theirs()) == list(changed)
    assert _theirs()["hooks"]["PreToolUse"][0] == changed["hooks"]["PreToolUse"][0]
    assert _theirs() == without_hooks(changed)


def test_an_entry_written_by_hand_is_brought_up_to_date_where_it_stands() -> None:
    by_hand = {"type": "command", "command": "agentaudit-hook pre"}
    settings = {"hooks": {"PreToolUse": [{"matcher": "Bash|Write", "hooks": [by_hand]}]}}

    (group,) = with_hooks(settings, COMMAND)["hooks"]["PreToolUse"]

    assert "Bash|Write" == group["matcher"]
    assert f"'{COMMAND}' pre" == group["hooks"][0]["command"]


@pytest.mark.parametrize("hooks", [[], "x", {"PreToolUse": {}}, {"PreToolUse": "x"}])
def test_a_file_of_another_shape_is_left_alone(hooks: object) -> None:
    with pytest.raises(BadFile):
        with_hooks({"hooks": hooks}, COMMAND)


@pytest.mark.parametrize("like", ['{\n    "a": 1\n}', '{\n\t"a": 1\n}', '{\n  "a": 1\n}'])
def test_indentation_and_letters_are_kept(like: str) -> None:
    assert like + "\n" == rendered(json.loads(like), like)
    assert "ÄÖÜ" in rendered(_theirs(), like)


def test_scopes_are_where_claude_code_looks(tmp_path: Path) -> None:
    env = {"HOME": "/home/alice"}

    assert "/home/alice/.claude/settings.json" == str(settings_path("user", env, tmp_path))
    moved = settings_path("user", env | {"CLAUDE_CONFIG_DIR": "/cfg"}, tmp_path)
    assert "/cfg/settings.json" == str(moved)
    assert tmp_path / ".claude/settings.json" == settings_path("project", env, tmp_path)
    assert tmp_path / ".claude/settings.local.json" == settings_path("local", env, tmp_path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return tmp_path


def test_install_shows_the_change_keeps_a_backup_and_uninstall_undoes_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    original = rendered(_theirs(), "")
    path.write_text(original)
    path.chmod(0o640)

    assert 0 == run(["install", "--yes"])
    shown = capsys.readouterr().out
    installed = json.loads(path.read_text())
    assert 0 == run(["install", "--yes"])
    again = capsys.readouterr().out
    assert 0 == run(["uninstall", "--yes"])

    assert "+" in shown
    assert "PostToolBatch" in shown
    assert recommended_events() == installed_events(installed)
    assert "nothing to do" in again
    assert original == path.read_text()
    assert 0o640 == path.stat().st_mode & 0o777
    assert original in [p.read_text() for p in path.parent.glob("settings.json.backup-*")]


def test_a_dry_run_and_an_unconfirmed_run_write_nothing(home: Path) -> None:
    assert 0 == run(["install", "--dry-run"])
    assert 1 == run(["install"])

    assert not (home / ".claude").exists()


def test_a_broken_file_is_not_overwritten(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"hooks": ')

    assert 1 == run(["install", "--yes"])

    assert '{"hooks": ' == path.read_text()
    assert "is no JSON" in capsys.readouterr().err


def test_a_linked_file_stays_a_link(home: Path) -> None:
    dotfiles = home / "dotfiles.json"
    dotfiles.write_text("{}")
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").symlink_to(dotfiles)

    assert 0 == run(["install", "--yes"])

    assert (home / ".claude" / "settings.json").is_symlink()
    assert "PreToolUse" in dotfiles.read_text()


def test_the_command_is_an_absolute_path() -> None:
    assert Path(install.hook_command()).is_absolute()
