"""Hooks in Claude Code's settings: put in once, taken out whole, nothing else touched."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agentaudit_hook.cli import run
from agentaudit_hook.installing.clients import CLAUDE_CODE
from agentaudit_hook.installing.entries import hook_command, installed_events, settings_path
from agentaudit_hook.installing.manifest import read_manifest
from agentaudit_hook.installing.settings_file import BadFile
from tests.support.settings import hooked, unhooked

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
    once = hooked({}, COMMAND)

    assert list(CLAUDE_CODE.verbs) == installed_events(once)
    assert once == hooked(once, COMMAND)
    assert "WorktreeCreate" not in once["hooks"]
    assert "MessageDisplay" not in once["hooks"]


def test_each_entry_names_the_command_by_its_whole_path_and_a_timeout() -> None:
    (group,) = hooked({}, COMMAND)["hooks"]["PreToolUse"]

    assert "" == group["matcher"]
    entry = {"type": "command", "command": "'/opt/agent audit/bin/agentaudit-hook' pre"}
    assert [entry | {"timeout": 10}] == group["hooks"]


def test_what_others_put_there_stays_in_its_place() -> None:
    changed = hooked(_theirs(), COMMAND)

    assert list(_theirs()) == list(changed)
    assert _theirs()["hooks"]["PreToolUse"][0] == changed["hooks"]["PreToolUse"][0]
    assert _theirs() == unhooked(changed)


def test_an_entry_written_by_hand_is_brought_up_to_date_where_it_stands() -> None:
    by_hand = {"type": "command", "command": "agentaudit-hook pre"}
    settings = {"hooks": {"PreToolUse": [{"matcher": "Bash|Write", "hooks": [by_hand]}]}}

    (group,) = hooked(settings, COMMAND)["hooks"]["PreToolUse"]

    assert "Bash|Write" == group["matcher"]
    assert f"'{COMMAND}' pre" == group["hooks"][0]["command"]


def test_what_only_holds_our_name_does_not_keep_the_hooks_out() -> None:
    echo = {"type": "command", "command": "echo 'agentaudit-hook pre' >> notes"}
    settings = {"hooks": {"PreToolUse": [{"hooks": [echo]}]}}

    groups = hooked(settings, COMMAND)["hooks"]["PreToolUse"]

    assert [echo, f"'{COMMAND}' pre"] == [groups[0]["hooks"][0], groups[1]["hooks"][0]["command"]]


@pytest.mark.parametrize("key", ["async", "asyncRewake", "if"])
def test_where_a_failing_hook_is_to_stop_calls_the_agent_has_to_wait_for_it(key: str) -> None:
    entry = {"type": "command", "command": "agentaudit-hook pre", key: "Bash(rm *)"}
    settings = {"hooks": {"PreToolUse": [{"hooks": [entry]}]}}

    (opened,) = hooked(settings, COMMAND)["hooks"]["PreToolUse"]
    (closed,) = hooked(settings, COMMAND, fail_closed=True)["hooks"]["PreToolUse"]

    assert key in opened["hooks"][0], "what a person wished stays where nothing depends on it"
    assert key not in closed["hooks"][0]


def test_where_a_failing_hook_is_to_stop_calls_it_hears_of_every_tool() -> None:
    ours = {"type": "command", "command": "agentaudit-hook pre"}
    theirs = {"type": "command", "command": "notify"}
    narrow = {"matcher": "Bash|Write", "hooks": [theirs, ours]}

    groups = hooked({"hooks": {"PreToolUse": [narrow]}}, COMMAND, fail_closed=True)["hooks"]

    kept, added = groups["PreToolUse"]
    assert {"matcher": "Bash|Write", "hooks": [theirs]} == kept
    assert "" == added["matcher"]
    assert "--fail-closed" in added["hooks"][0]["command"]


def test_a_narrow_entry_alone_in_its_file_makes_room_for_one_that_hears_of_all() -> None:
    ours = {"type": "command", "command": "agentaudit-hook pre"}
    settings = {"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [ours]}]}}

    once = hooked(settings, COMMAND, fail_closed=True)

    assert [""] == [group["matcher"] for group in once["hooks"]["PreToolUse"]]
    assert once == hooked(once, COMMAND, fail_closed=True)


def test_an_entry_by_hand_that_cannot_refuse_gets_one_beside_it_that_does() -> None:
    by_hand = {"type": "command", "command": "agentaudit-hook pre; true"}
    settings = {"hooks": {"PreToolUse": [{"hooks": [by_hand]}]}}

    opened = hooked(settings, COMMAND)["hooks"]["PreToolUse"]
    closed = hooked(settings, COMMAND, fail_closed=True)["hooks"]["PreToolUse"]

    assert (1, 2) == (len(opened), len(closed))


@pytest.mark.parametrize("hooks", [[], "x", {"PreToolUse": {}}, {"PreToolUse": "x"}])
def test_a_file_of_another_shape_is_left_alone(hooks: object) -> None:
    with pytest.raises(BadFile):
        hooked({"hooks": hooks}, COMMAND)


def test_bringing_its_own_entries_up_to_date_leaves_nothing_behind_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)

    codes = [
        run(["install", "--yes"]),
        run(["install", "--yes", "--fail-closed"]),
        run(["uninstall", "--yes"]),
    ]

    assert [0, 0, 0] == codes
    assert not (tmp_path / ".claude").exists()


def test_a_file_of_another_shape_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"hooks": null}')

    code = run(["install", "--yes"])

    assert 1 == code
    assert f"{path}: hooks has a shape that no agent reads; mend it" in capsys.readouterr().err
    assert '{"hooks": null}' == path.read_text()


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
    for name in ("CLAUDE_CONFIG_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("agentaudit_hook.installing.clients.LINUX_SYSTEM", tmp_path / "etc")
    monkeypatch.setattr("agentaudit_hook.installing.clients.MACOS_SYSTEM", tmp_path / "etc")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_install_shows_the_change_keeps_a_backup_and_uninstall_undoes_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    original = json.dumps(_theirs(), indent=2, ensure_ascii=False) + "\n"
    path.write_text(original)
    path.chmod(0o640)

    assert 0 == run(["install", "--yes"])
    shown = capsys.readouterr().out
    installed = json.loads(path.read_text())
    kept = [p.read_text() for p in path.parent.glob("settings.json.agentaudit-*.bak")]
    assert 0 == run(["install", "--yes"])
    again = capsys.readouterr().out
    assert 0 == run(["uninstall", "--yes"])

    assert "+" in shown
    assert "PostToolBatch" in shown
    assert list(CLAUDE_CODE.verbs) == installed_events(installed)
    assert "nothing to do" in again
    assert original == path.read_text()
    assert 0o640 == path.stat().st_mode & 0o777
    assert [original] == kept
    assert [path] == list(path.parent.iterdir())


def test_the_first_line_of_what_is_shown_says_what_changes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".claude" / "settings.json"
    events = len(CLAUDE_CODE.verbs)
    path.parent.mkdir()
    path.write_text('{"model": "opus"}')

    told = []
    for words in (
        ["install", "--yes"],
        ["install", "--yes", "--fail-closed"],
        ["uninstall", "--yes"],
        ["install", "--yes"],
    ):
        run(words)
        told.append(capsys.readouterr().out.splitlines()[0])
        if words[0] == "uninstall":
            path.unlink()

    assert [
        f"Adds {events} entries at {events} events: {path}. All else in it stays.",
        f"Changes 1 entry at PreToolUse: {path}. All else in it stays.",
        f"Brings {path} back, byte for byte as it was before install.",
        f"Adds {events} entries at {events} events: {path}, a new file.",
    ] == told


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
    assert "is no JSON (line 1, column 11: a value is expected)" in capsys.readouterr().err


def test_a_linked_file_stays_a_link(home: Path) -> None:
    dotfiles = home / "dotfiles.json"
    dotfiles.write_text("{}")
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").symlink_to(dotfiles)

    assert 0 == run(["install", "--yes"])

    assert (home / ".claude" / "settings.json").is_symlink()
    assert "PreToolUse" in dotfiles.read_text()


def test_the_command_is_an_absolute_path() -> None:
    assert Path(hook_command()).is_absolute()


def _bytes_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("text", [None, '{"model": "opus"}'])
def test_an_install_that_could_not_be_noted_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    (home / ".local").write_text("a file where the state folder should lie")
    if text is not None:
        (home / ".claude").mkdir()
        (home / ".claude" / "settings.json").write_text(text)
    before = _bytes_below(home)

    assert 4 == run(["install", "--yes"])

    assert before == _bytes_below(home)
    assert (text is not None) == (home / ".claude").exists()
    assert "settings.json was left as it is: " in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, '{"model": "opus"}'])
def test_an_install_whose_note_fails_after_all_is_taken_back(home: Path, text: str | None) -> None:
    (home / ".local/state/agentaudit/installed.json").mkdir(parents=True)
    path = home / ".claude" / "settings.json"
    if text is not None:
        path.parent.mkdir()
        path.write_text(text)

    assert 1 == run(["install", "--yes"])

    assert (text is not None) == path.parent.exists()
    assert [path] * path.parent.exists() == list(path.parent.glob("*"))
    assert text is None or text == path.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_root_in_somebody_elses_home_is_told_so_and_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = home / ".local/state/agentaudit"
    state.mkdir(parents=True)
    os.chown(state, 54321, 54321)

    assert 4 == run(["install", "--yes"])

    assert not (home / ".claude").exists()
    assert "run this as its owner" in capsys.readouterr().err


def test_hooks_are_not_written_where_the_servers_address_cannot_be_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".config").write_text("a file where the settings should lie")

    assert 0 != run(["install", "--yes", "--server", "https://audit.example"])

    assert not (home / ".claude").exists()
    assert "config.toml" in capsys.readouterr().err


def _run_all(*lines: str) -> None:
    for line in lines:
        assert 0 == run(line.split()), line


def test_uninstall_finds_every_file_that_was_written_from_wherever_it_is_called(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, bank = home / "shop", home / "bank"
    for project in (shop, bank):
        project.mkdir()
        monkeypatch.chdir(project)
        _run_all("install --yes --scope project")
    _run_all("install --yes", "install --client codex --yes")

    _run_all("uninstall --yes")

    assert [] == [path for path in home.rglob("*.json") if path.name != "installed.json"]
    assert [] == [path.name for path in (*shop.iterdir(), *bank.iterdir())]


def test_uninstall_forgets_what_somebody_else_took_out(home: Path) -> None:
    path = home / ".claude" / "settings.json"
    for text in ("{}", None):
        _run_all("install --yes")
        path.unlink()
        if text:
            path.write_text(text)

        _run_all("uninstall --yes")

        assert {} == read_manifest({"HOME": str(home)})


def test_the_launcher_comes_and_goes_with_the_hooks(home: Path) -> None:
    _run_all("install --yes", "install --yes --client codex")
    launcher = home / ".local/state/agentaudit/bin/agentaudit-hook"
    command = json.loads((home / ".claude/settings.json").read_text())["hooks"]["Stop"]
    assert f"{launcher} stop" == command[0]["hooks"][0]["command"]
    launcher.unlink()

    _run_all("install --yes")
    assert launcher.exists()
    _run_all("uninstall --yes --client codex")
    assert launcher.exists()
    _run_all("uninstall --yes")
    assert not launcher.exists()


def test_uninstall_can_be_kept_to_one_agent_or_scope(home: Path) -> None:
    _run_all("install --yes", "install --yes --scope local", "install --yes --client gemini-cli")

    _run_all("uninstall --yes --client claude-code --scope local")

    assert not (home / ".claude" / "settings.local.json").exists()
    assert (home / ".claude" / "settings.json").exists()
    _run_all("uninstall --yes --client claude-code")
    assert not (home / ".claude").exists()
    assert (home / ".gemini" / "settings.json").exists()


def test_uninstall_where_nothing_is_installed_says_so(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == run(["uninstall"])

    assert "no hook of ours" in capsys.readouterr().out


def test_uninstall_also_takes_out_what_was_written_by_hand(home: Path) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    mixed = "agentaudit-hook pre; notify done"
    entries = [{"type": "command", "command": c} for c in ("agentaudit-hook pre", mixed)]
    path.write_text(json.dumps({"hooks": {"PreToolUse": [{"hooks": entries}]}}))

    _run_all("uninstall --yes")

    (group,) = json.loads(path.read_text())["hooks"]["PreToolUse"]
    assert [mixed] == [entry["command"] for entry in group["hooks"]]


def test_hooks_written_by_hand_are_watched_once_install_has_seen_them(home: Path) -> None:
    _run_all("install --yes")
    (home / ".local/state/agentaudit/installed.json").unlink()

    _run_all("install --yes")

    assert [str(home / ".claude/settings.json")] == list(read_manifest({"HOME": str(home)}))


def test_managed_settings_are_a_file_of_our_own_that_every_user_can_read(home: Path) -> None:
    _run_all("install --yes --scope managed")

    path = home / "etc/claude-code/managed-settings.d/50-agentaudit.json"
    assert list(CLAUDE_CODE.verbs) == installed_events(json.loads(path.read_text()))
    assert 0o644 == path.stat().st_mode & 0o777
    _run_all("uninstall --yes")
    assert not (home / "etc").exists()


@pytest.mark.parametrize(
    ("scope", "said", "words"),
    [
        ("user", {"allowManagedHooksOnly": True}, "those in user settings do not run"),
        ("managed", {"allowManagedHooksOnly": True}, None),
        ("user", {"disableAllHooks": True}, "says disableAllHooks, so that none runs"),
    ],
)
def test_install_warns_when_an_administrator_silences_the_hooks(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    scope: str,
    said: dict[str, bool],
    words: str | None,
) -> None:
    path = home / "etc/claude-code/managed-settings.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(said))

    _run_all(f"install --yes --scope {scope}")

    warning = capsys.readouterr().err
    assert ("Warning: hooks: " in warning) == bool(words)
    assert (words or "") in warning


def test_install_fails_closed_where_it_is_told_to_or_the_policy_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))  # no claude there
    path = home / ".claude" / "settings.json"

    def commands() -> tuple[str, str]:
        told = json.loads(path.read_text())["hooks"]
        return tuple(told[event][0]["hooks"][0]["command"] for event in ("PreToolUse", "Stop"))  # type: ignore[return-value]

    _run_all("install --yes --fail-closed")
    pre, stop = commands()
    assert "exit 2" in pre
    assert "exit 2" not in stop
    _run_all("install --yes")
    assert (pre, stop) == commands()
    _run_all("install --yes --fail-open")
    assert "exit 2" not in commands()[0]


def test_nobody_is_asked_where_nobody_sits(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == run(["install"])

    assert "nothing was written; say --yes to write without being asked" in capsys.readouterr().err


def test_a_hostile_file_does_not_steer_the_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"model": "\u202eopus\x9b31m"}', "utf-8")

    _run_all("install --dry-run")

    shown = capsys.readouterr().out
    assert "⟦U+202E⟧opus⟦U+009B⟧31m" in shown


def test_a_dry_run_leaves_nothing_behind_also_where_there_is_nothing_to_do(home: Path) -> None:
    _run_all("install --yes")
    manifest = home / ".local/state/agentaudit/installed.json"
    manifest.unlink()

    _run_all("install --dry-run")

    assert not manifest.exists()


def test_an_address_that_cannot_be_one_is_refused_before_anything_is_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 3 == run(["install", "--yes", "--server", "nowhere"])

    assert "expected http://HOST:PORT" in capsys.readouterr().err
    assert [] == list(home.iterdir())


def test_the_address_is_kept_with_the_settings(home: Path) -> None:
    _run_all("install --yes --server https://audit.example")

    text = (home / ".config" / "agentaudit" / "config.toml").read_text()
    assert 'base_url = "https://audit.example"\n' == text


def test_links_in_a_circle_do_not_stop_the_rest(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run_all("install --yes")
    (home / ".gemini").mkdir()
    (home / ".gemini" / "settings.json").symlink_to(home / ".gemini" / "settings.json")

    assert 1 == run(["uninstall", "--yes"])

    assert not (home / ".claude").exists()
    assert ".gemini/settings.json cannot be read" in capsys.readouterr().err
