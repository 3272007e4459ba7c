"""What is kept on disk is believed only if nobody else could have written it."""

from pathlib import Path

import pytest

from agentaudit_processor.kept import cache_folder, keep, read_kept

BODY = b"costly to make"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test, not yet made."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "agentaudit"


def test_what_was_kept_is_read_again():
    assert keep("thing", "00ff", BODY)

    assert read_kept("thing", "00ff") == BODY


def test_nothing_is_read_where_nothing_was_kept():
    assert read_kept("thing", "00ff") is None


def test_the_folder_and_its_files_belong_to_the_owner_alone(folder: Path):
    keep("thing", "00ff", BODY)

    modes = [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())]
    assert modes == [0o700, 0o600]


def test_a_changed_byte_is_noticed(folder: Path):
    keep("thing", "00ff", BODY)
    file = folder / "thing-00ff"
    file.write_bytes(file.read_bytes().replace(b"costly", b"cheaply"))

    assert read_kept("thing", "00ff") is None


def test_a_cut_file_is_noticed(folder: Path):
    keep("thing", "00ff", BODY)
    file = folder / "thing-00ff"
    file.write_bytes(file.read_bytes()[:20])

    assert read_kept("thing", "00ff") is None


def test_a_file_under_the_name_of_another_is_not_believed(folder: Path):
    keep("thing", "00ff", BODY)
    (folder / "thing-00ff").rename(folder / "thing-0000")

    assert read_kept("thing", "0000") is None


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_is_not_believed(folder: Path, mode: int):
    keep("thing", "00ff", BODY)
    (folder / "thing-00ff").chmod(mode)

    assert read_kept("thing", "00ff") is None


def test_a_folder_that_others_may_write_is_not_believed_nor_written(folder: Path):
    keep("thing", "00ff", BODY)
    folder.chmod(0o770)

    assert read_kept("thing", "00ff") is None
    assert not keep("thing", "0000", BODY)


def test_a_link_is_not_followed(folder: Path, tmp_path: Path):
    keep("thing", "00ff", BODY)
    elsewhere = tmp_path / "elsewhere"
    (folder / "thing-00ff").rename(elsewhere)
    (folder / "thing-00ff").symlink_to(elsewhere)

    assert read_kept("thing", "00ff") is None


def test_a_pipe_in_its_place_holds_nobody_up(folder: Path):
    import os

    folder.mkdir(mode=0o700)
    os.mkfifo(folder / "thing-00ff")

    assert read_kept("thing", "00ff") is None


def test_of_one_kind_only_the_newest_are_kept(folder: Path):
    for at in range(20):
        keep("thing", f"{at:04x}", BODY)
    keep("other", "00", BODY)

    kept = sorted(path.name for path in folder.iterdir())
    assert len(kept) < 20
    assert {"other-00", "thing-0013"} <= set(kept)


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")

    assert cache_folder() is None
    assert not keep("thing", "00ff", BODY)
    assert read_kept("thing", "00ff") is None


def test_a_disk_that_takes_nothing_is_no_error(folder: Path):
    folder.parent.joinpath("agentaudit").write_text("a file in its place")

    assert not keep("thing", "00ff", BODY)
