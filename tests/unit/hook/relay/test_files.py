"""The relay's small files: a key that stays."""

from pathlib import Path

from agentaudit_hook.relay.files import KEY_BYTES, own_key


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = own_key(tmp_path / "key")

    assert first == own_key(tmp_path / "key")
    assert KEY_BYTES == len(first)
    assert 0o600 == (tmp_path / "key").stat().st_mode & 0o777
    assert first != own_key(tmp_path / "other")


def test_without_a_disk_there_is_a_key_all_the_same(tmp_path: Path) -> None:
    assert KEY_BYTES == len(own_key(tmp_path / "no" / "such" / "folder" / "key"))
