"""Settings files: replaced whole or not at all, with owner, mode, link and backups kept."""

import os
from pathlib import Path

import pytest

from agentaudit_hook.installing.settings_file import (
    BadFile,
    locked,
    read_settings_file,
    replace_settings,
)


def test_the_mode_stays_and_a_new_file_is_private(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "deep" / "new.json"
    old.write_text("{}")
    old.chmod(0o640)

    for path in (old, new):
        replace_settings(read_settings_file(path), b'{"a": 1}')

    assert 0o640 == old.stat().st_mode & 0o777
    assert 0o600 == new.stat().st_mode & 0o777


def test_a_backup_is_private_whatever_the_file_was(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"env": {"TOKEN": "x"}}')
    path.chmod(0o644)

    backup = replace_settings(read_settings_file(path), b"{}")

    assert backup is not None
    assert 0o600 == backup.stat().st_mode & 0o777
    assert '{"env": {"TOKEN": "x"}}' == backup.read_text()


def test_five_backups_are_kept_and_the_one_that_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    first = replace_settings(read_settings_file(path), b'{"n": 0}')

    for number in range(1, 9):
        replace_settings(read_settings_file(path), b'{"n": %d}' % number, spare=first)

    kept = list(tmp_path.glob("settings.json.agentaudit-*.bak"))
    assert 6 == len(kept)
    assert first in kept
    assert b'{"n": 7}' in [one.read_bytes() for one in kept]


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    file = read_settings_file(path)
    path.write_text('{"theirs": 1}')

    with pytest.raises(BadFile, match="changed by somebody else"):
        replace_settings(file, b'{"ours": 1}')

    assert '{"theirs": 1}' == path.read_text()
    assert [path] == list(tmp_path.iterdir())


def test_a_link_is_followed_also_where_it_leads_to_nothing_yet(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.symlink_to(tmp_path / "dotfiles" / "claude.json")

    replace_settings(read_settings_file(path), b"{}")

    assert path.is_symlink()
    assert "{}" == (tmp_path / "dotfiles" / "claude.json").read_text()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_left_alone(make: object, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    make(path)  # type: ignore[operator]

    with pytest.raises(BadFile, match="no regular file"):
        read_settings_file(path)


def test_links_in_a_circle_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    with pytest.raises(BadFile, match="cannot be read"):
        read_settings_file(tmp_path / "a")


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes("\ufeff{}".encode())
    file = read_settings_file(path)

    changed = file.encoded(file.json.with_part((), 1, "a"))

    assert '\ufeff{\n  "a": 1\n}' == changed.decode()


@pytest.mark.parametrize("raw", [b"\xff\xfe{}", b"[]", b"3"])
def test_what_is_no_settings_file_is_refused(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(raw)

    with pytest.raises(BadFile):
        read_settings_file(path)


def test_a_system_without_modes_and_locks_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentaudit_hook.installing.settings_file._OPENS_FOLDERS", False)
    path = tmp_path / "settings.json"
    path.write_text("{}")

    backup = replace_settings(read_settings_file(path), b'{"a": 1}')

    assert '{"a": 1}' == path.read_text()
    assert backup is not None


def test_an_install_that_holds_the_folder_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentaudit_hook.installing.settings_file.LOCK_SECONDS", 0.1)
    path = tmp_path / "settings.json"
    file = read_settings_file(path)

    with locked(tmp_path), pytest.raises(BadFile, match="another install is at work"):
        replace_settings(file, b"{}")

    assert not path.exists()
