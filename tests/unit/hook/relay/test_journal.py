"""A journal: what was written is read again, torn or not, and it begins anew when it is large."""

from pathlib import Path

import pytest

from agentaudit_hook.relay.journal import Journal


def _read(path: Path) -> list[int]:
    numbers: list[int] = []
    Journal(path, 100).read(lambda line: numbers.append(int(line)), torn=(ValueError,))
    return numbers


def test_lines_are_read_again_but_for_one_that_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, 100)
    journal.begin([b"1\n"])
    journal.write(b"2\n3\n", list)
    path.write_bytes(path.read_bytes() + b"4x")

    assert [1, 2, 3] == _read(path)


def test_once_it_is_large_it_holds_what_still_matters(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, 100)
    journal.begin([])
    descriptors = len(list(Path("/proc/self/fd").iterdir()))

    for number in range(1000):
        journal.write(b"%d\n" % number, lambda: [b"7\n"])

    assert 7 == _read(path)[0]
    assert 999 == _read(path)[-1]
    assert path.stat().st_size <= 110
    assert 0o600 == path.stat().st_mode & 0o777
    assert descriptors >= len(list(Path("/proc/self/fd").iterdir()))


def test_none_is_made_where_a_link_stands(tmp_path: Path) -> None:
    (tmp_path / "journal").symlink_to(tmp_path / "elsewhere")
    journal = Journal(tmp_path / "journal", 100)
    journal.begin([b"1\n"])

    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "journal").is_symlink()


def test_a_line_that_the_disk_does_not_take_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal", 100)
    journal.begin([b"1\n"])

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("agentaudit_hook.relay.journal.os.write", full)
    journal.write(b"2\n", list)
    monkeypatch.undo()
    journal.write(b"3\n", list)

    assert [1, 3] == _read(tmp_path / "journal")
