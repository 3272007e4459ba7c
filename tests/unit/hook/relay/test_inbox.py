"""The inbox: every frame is heard once the disk allows it; none of them ends the relay."""

import os
import time
from pathlib import Path

import pytest

from agentaudit_hook import unanswered
from agentaudit_hook.frames import pack_frame
from agentaudit_hook.places import Place
from agentaudit_hook.relay.inbox import LEFT_BEHIND_SECONDS, drain_inbox, dropped_frames

FRAME = pack_frame({b"verb": b"pre"}, b"{}")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_frames_are_heard_oldest_first_and_deleted(tmp_path: Path) -> None:
    for number in (2, 1):
        (tmp_path / f"{number}.frame").write_bytes(pack_frame({b"at": b"%d" % number}, b"x"))
    heard: list[dict[str, str]] = []

    drain_inbox(tmp_path, lambda header, _: heard.append(header))

    assert [{"at": "1"}, {"at": "2"}] == heard
    assert [] == _names(tmp_path)


def test_an_inbox_that_no_relay_empties_keeps_the_newest_and_counts_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unanswered, "MAX_FRAMES", 10)
    monkeypatch.setattr(unanswered, "DROPPED_AT_ONCE", 4)
    place = Place(name="0", state=str(tmp_path), runtime=str(tmp_path))

    for at_ns in range(15):
        unanswered.keep_frame(place, FRAME, at_ns)

    inbox = tmp_path / "inbox"
    kept = [int(path.name.split("-")[0]) for path in sorted(inbox.glob("*.frame"))]
    assert list(range(8, 15)) == kept
    assert 8 == dropped_frames(inbox)


def test_an_inbox_is_bounded_by_its_size_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unanswered, "MAX_INBOX_BYTES", 3 * len(FRAME))
    place = Place(name="0", state=str(tmp_path), runtime=str(tmp_path))

    for at_ns in range(5):
        unanswered.keep_frame(place, FRAME, at_ns)

    inbox = tmp_path / "inbox"
    kept = [int(path.name.split("-")[0]) for path in sorted(inbox.glob("*.frame"))]
    assert [2, 3, 4] == kept
    assert 2 == dropped_frames(inbox)


def test_a_frame_that_breaks_its_hearer_does_not_end_the_relay(tmp_path: Path) -> None:
    (tmp_path / "1.frame").write_bytes(FRAME)

    def hear(_header: dict[str, str], _body: bytes) -> None:
        raise RecursionError

    drain_inbox(tmp_path, hear)

    assert [] == _names(tmp_path)


def test_a_frame_is_kept_while_the_spool_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "1.frame").write_bytes(FRAME)

    def hear(_header: dict[str, str], _body: bytes) -> None:
        raise OSError(28, "No space left on device")

    drain_inbox(tmp_path, hear)

    assert ["1.frame"] == _names(tmp_path)


@pytest.mark.parametrize(("data", "heard"), [(FRAME, 1), (FRAME[:-1], 0)], ids=["whole", "torn"])
def test_what_a_killed_client_left_is_heard_if_whole_and_never_stays(
    tmp_path: Path, data: bytes, heard: int
) -> None:
    left, fresh = tmp_path / "1.tmp", tmp_path / "2.tmp"
    left.write_bytes(data)
    fresh.write_bytes(FRAME)
    long_ago = time.time() - LEFT_BEHIND_SECONDS - 1
    os.utime(left, (long_ago, long_ago))
    bodies: list[bytes] = []

    drain_inbox(tmp_path, lambda _, body: bodies.append(body))

    assert heard == len(bodies)
    assert ["2.tmp"] == _names(tmp_path)
