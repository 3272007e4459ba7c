"""Who touches what `install` wrote is seen; who changes anything else is not."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agentaudit_hook.installing.change import installing, uninstalling
from agentaudit_hook.installing.clients import CLAUDE_CODE, CODEX
from agentaudit_hook.installing.drift import find_drift
from agentaudit_hook.installing.entries import Wanted, program_of
from agentaudit_hook.installing.manifest import manifest_path, read_manifest
from agentaudit_hook.installing.settings_file import BadFile


class Machine:
    """A home with hooks in Claude Code's settings."""

    def __init__(self, folder: Path) -> None:
        self.env = {"HOME": str(folder)}
        self.path = folder / ".claude" / "settings.json"
        self.program = folder / "agentaudit-hook"
        self.program.touch(0o755)
        self.install(self.path, "user")

    def install(self, path: Path, scope: str) -> None:
        wanted = Wanted(command=str(self.program))
        installing(self.env, path, scope, wanted).make(self.env)

    def change(self, change: Any) -> None:
        settings = json.loads(self.path.read_text())
        change(settings)
        self.path.write_text(json.dumps(settings))

    def kinds(self) -> list[tuple[str, str]]:
        return [(one.kind, one.event) for one in find_drift(self.env)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_fresh_hooks_have_not_drifted(machine: Machine) -> None:
    assert [] == machine.kinds()


def test_what_others_do_in_the_file_is_no_drift(machine: Machine) -> None:
    machine.change(lambda told: told.update(model="opus"))
    machine.change(lambda told: told["hooks"]["Stop"].insert(0, {"hooks": [{"command": "x"}]}))

    assert [] == machine.kinds()


@pytest.mark.parametrize(
    ("change", "kind", "event"),
    [
        (lambda told: told["hooks"].pop("PreToolUse"), "entry_gone", "PreToolUse"),
        (lambda told: told["hooks"].update(Stop=[]), "entry_gone", "Stop"),
        (
            lambda told: told["hooks"]["PreToolUse"][0].update(matcher="None"),
            "entry_changed",
            "PreToolUse",
        ),
        (
            lambda told: told["hooks"]["PreToolUse"][0]["hooks"][0].update(timeout=1),
            "entry_changed",
            "PreToolUse",
        ),
        (
            lambda told: told["hooks"]["PreToolUse"][0]["hooks"][0].update({"async": True}),
            "entry_changed",
            "PreToolUse",
        ),
        (
            lambda told: told["hooks"]["PreToolUse"][0]["hooks"][0].update({"if": "Bash(x)"}),
            "entry_changed",
            "PreToolUse",
        ),
        (lambda told: told.update(disableAllHooks=True), "hooks_off", ""),
    ],
)
def test_what_silences_an_entry_is_drift(
    machine: Machine, change: Any, kind: str, event: str
) -> None:
    machine.change(change)

    assert [(kind, event)] == machine.kinds()


def test_a_file_that_is_gone_or_cannot_be_read_is_drift(machine: Machine) -> None:
    machine.path.write_text("{")
    assert [("unreadable", "")] == machine.kinds()
    machine.path.unlink()
    assert [("file_gone", "")] == machine.kinds()


def test_a_program_that_is_gone_is_drift(machine: Machine) -> None:
    machine.program.unlink()

    assert [("program_gone", "")] == machine.kinds()


def test_a_launcher_that_was_changed_is_drift(machine: Machine) -> None:
    machine.program = Path(program_of(machine.env, "user"))
    machine.install(machine.path, "user")
    assert [] == machine.kinds()

    machine.program.write_text("#!/bin/sh\nexit 0\n")

    assert [("program_changed", "")] == machine.kinds()
    machine.install(machine.path, "user")
    assert [] == machine.kinds()


def test_a_project_that_is_gone_is_no_drift(machine: Machine, tmp_path: Path) -> None:
    machine.install(tmp_path / "shop" / ".claude" / "settings.json", "project")
    shutil.rmtree(tmp_path / "shop")

    assert [] == machine.kinds()


def test_installing_again_is_the_end_of_drift_and_uninstalling_too(machine: Machine) -> None:
    machine.change(lambda told: told["hooks"].pop("Stop"))
    machine.install(machine.path, "user")
    assert [] == machine.kinds()

    change = uninstalling(machine.env, machine.path, CLAUDE_CODE, "user")
    assert change is not None
    change.make(machine.env)

    assert [] == machine.kinds()
    assert {} == read_manifest(machine.env)


def test_the_manifest_is_private_and_a_broken_one_is_none(machine: Machine) -> None:
    path = manifest_path(machine.env)
    assert 0o600 == path.stat().st_mode & 0o777

    for text in ("", "[]", '{"files": {"/x": {}}}', '{"files": 3}'):
        path.write_text(text)
        assert {} == read_manifest(machine.env)


def test_installs_at_the_same_time_forget_none_of_each_other(
    machine: Machine, tmp_path: Path
) -> None:
    paths = [tmp_path / f"project-{number}" / ".claude/settings.json" for number in range(12)]

    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda path: machine.install(path, "project"), paths))

    assert {str(path) for path in (*paths, machine.path)} == set(read_manifest(machine.env))


def test_each_file_is_watched_for_itself(machine: Machine, tmp_path: Path) -> None:
    path = tmp_path / ".codex" / "hooks.json"
    wanted = Wanted(client=CODEX, command=str(machine.program))
    installing(machine.env, path, "user", wanted).make(machine.env)
    machine.path.unlink()

    (drift,) = find_drift(machine.env)

    assert ("claude-code", "user", str(machine.path)) == (drift.client, drift.scope, drift.path)


# --- links --------------------------------------------------------------------------------------


@pytest.fixture
def linked(tmp_path: Path) -> Machine:
    """Settings kept elsewhere, as dotfile managers do."""
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude/settings.json").symlink_to(tmp_path / "dotfiles/claude.json")
    return Machine(tmp_path)


def _replace_link(machine: Machine) -> None:
    held = machine.path.read_bytes()
    machine.path.unlink()
    machine.path.write_bytes(held)


def test_a_link_replaced_by_its_file_is_no_drift(linked: Machine) -> None:
    _replace_link(linked)

    assert [] == linked.kinds()


def test_a_new_install_clears_what_was_known_of_the_file_behind_a_link(linked: Machine) -> None:
    _replace_link(linked)
    linked.change(lambda told: told["hooks"].pop("Stop"))
    before = linked.kinds()

    linked.program = linked.program.with_name("agentaudit-hook-2")
    linked.program.touch(0o755)
    linked.install(linked.path, "user")

    assert [("entry_gone", "Stop")] == before
    assert [] == linked.kinds()
    assert [str(linked.path)] == list(read_manifest(linked.env))


def test_a_record_that_an_older_version_left_of_a_link_is_no_drift(linked: Machine) -> None:
    behind = json.loads(manifest_path(linked.env).read_text())["files"]
    _replace_link(linked)
    linked.program = linked.program.with_name("agentaudit-hook-2")
    linked.program.touch(0o755)
    linked.install(linked.path, "user")
    told = json.loads(manifest_path(linked.env).read_text())
    for one in behind.values():
        one["written_at"] = "2020-01-01T00:00:00Z"
    told["files"] |= behind
    manifest_path(linked.env).write_text(json.dumps(told))

    assert [] == linked.kinds()


def test_uninstall_forgets_the_file_behind_a_replaced_link_too(linked: Machine) -> None:
    _replace_link(linked)

    change = uninstalling(linked.env, linked.path, CLAUDE_CODE, "user")
    assert change is not None
    change.make(linked.env)

    assert {} == read_manifest(linked.env)
    assert [] == linked.kinds()


def test_a_link_to_a_folder_that_is_not_there_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude/settings.json").symlink_to(tmp_path / "gone/claude.json")

    with pytest.raises(BadFile, match=r"is a link to .*gone/claude.json, and there is no"):
        Machine(tmp_path)

    assert not (tmp_path / "gone").exists()
