"""The spool: what was appended comes back, in order, until it is acknowledged; crashes included."""

import errno
import os
import random
import resource
import signal
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_hook.relay import segments
from agentaudit_hook.relay.framing import framed, frames_in
from agentaudit_hook.relay.spool import Spool

MANY = 10_000
ALL = 1 << 30


def _payloads(spool: Spool, most: int = MANY) -> list[bytes]:
    return [payload for _, payload in spool.read(most, ALL)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_records_come_back_in_order_until_acknowledged(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"a", b"b"])
    spool.append([b"c"])

    first = spool.read(2, ALL)
    spool.acknowledge(first[-1][0])

    assert [b"a", b"b"] == [payload for _, payload in first]
    assert [b"c"] == _payloads(spool)
    assert 1 == spool.pending


def test_a_new_process_goes_on_where_the_last_one_stopped(folder: Path) -> None:
    before = Spool(folder)
    before.append([b"a", b"b", b"c"])
    before.acknowledge(0)
    before.close()

    after = Spool(folder)
    after.append([b"d"])

    assert [b"b", b"c", b"d"] == _payloads(after)


def test_numbers_never_repeat_after_everything_was_delivered(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"a"])
    spool.acknowledge(0)
    spool.close()

    again = Spool(folder)
    again.append([b"b"])

    assert [(1, b"b")] == again.read(MANY, ALL)


def test_segments_turn_and_delivered_ones_go(folder: Path) -> None:
    spool = Spool(folder, segment_bytes=100)
    for number in range(20):
        spool.append([b"%d" % number * 30])
    assert len(list(folder.rglob("*.seg"))) > 3

    spool.acknowledge(spool.read(MANY, ALL)[-1][0])

    assert 1 == len(list(folder.rglob("*.seg")))
    assert 0 == spool.pending


def test_a_closed_spool_leaves_no_content_of_what_was_delivered(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"content"])
    spool.acknowledge(0)

    spool.close()

    assert [] == list(folder.rglob("*.seg"))


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_torn_tail_costs_the_torn_record_only(folder: Path, cut: int) -> None:
    spool = Spool(folder)
    spool.append([b"whole", b"torn"])
    spool.close()
    (segment,) = folder.rglob("*.seg")
    segment.write_bytes(segment.read_bytes()[:-cut])

    mended = Spool(folder)
    mended.append([b"next"])

    assert [b"whole", b"next"] == _payloads(mended)


def test_garbage_after_a_power_loss_is_cut_off(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"whole"])
    spool.close()
    (segment,) = folder.rglob("*.seg")
    segment.write_bytes(segment.read_bytes() + bytes(4096))

    mended = Spool(folder)
    mended.append([b"next"])

    assert [b"whole", b"next"] == _payloads(mended)


def test_a_lost_cursor_sends_again_rather_than_loses(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"a", b"b"])
    spool.acknowledge(0)
    spool.close()
    (folder / "cursor").write_text("{")

    assert [b"a", b"b"] == _payloads(Spool(folder))


def test_a_damaged_segment_does_not_hide_the_next(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(folder, segment_bytes=20)
    for payload in (b"a" * 20, b"b" * 20, b"c" * 20):
        spool.append([payload])
    damaged = sorted(folder.rglob("*.seg"))[1]
    damaged.write_bytes(damaged.read_bytes().replace(b"b", b"x"))

    assert [b"a" * 20, b"c" * 20] == _payloads(spool)
    assert "36 bytes lost" in caplog.text


def test_a_damaged_record_costs_itself_alone(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"a" * 20, b"b" * 20, b"c" * 20])
    (segment,) = folder.rglob("*.seg")
    segment.write_bytes(segment.read_bytes().replace(b"b", b"x"))

    assert [b"a" * 20, b"c" * 20] == _payloads(Spool(folder))


@pytest.mark.parametrize("reopened", [False, True])
def test_a_size_that_is_damaged_costs_its_own_record_alone(folder: Path, reopened: bool) -> None:
    """Else all behind it would be taken for a torn tail, and be cut off."""
    spool = Spool(folder)
    spool.append([b"a" * 20, b"b" * 20])
    spool.append([b"c" * 20, b"d" * 20])
    (segment,) = folder.rglob("*.seg")
    hurt = bytearray(segment.read_bytes())
    hurt[36:40] = b"\xff\xff\xff\xff"
    segment.write_bytes(hurt)

    read = Spool(folder) if reopened else spool

    assert [b"a" * 20, b"c" * 20, b"d" * 20] == _payloads(read)
    (damage,) = read.damages()
    assert (36, 36, (b"a" * 20, b"c" * 20)) == (damage.at, damage.size_bytes, damage.beside)
    assert [] == read.damages(), "told once"


@given(
    st.lists(st.binary(min_size=1, max_size=40).map(lambda one: one.replace(b"\0", b"x"))),
    st.binary(max_size=30),
    st.integers(0, 400),
)
def test_what_lies_between_whole_records_hides_none_of_them(
    payloads: list[bytes], rubbish: bytes, place: int
) -> None:
    frames = [framed(number, payload) for number, payload in enumerate(payloads)]
    at = place % (len(frames) + 1)

    found = frames_in(b"".join([*frames[:at], rubbish, *frames[at:]]))

    told = [payload for _, _, payload in found]
    assert payloads[:at] == told[:at]
    # a size that is made up may swallow what it covers, and no more
    assert payloads[len(payloads) - len(told) + at :] == told[at:]


def test_what_is_lost_to_damage_is_not_waited_for(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"a" * 20])
    (segment,) = folder.rglob("*.seg")
    segment.write_bytes(segment.read_bytes().replace(b"a", b"x"))

    assert [] == _payloads(spool)
    assert 0 == spool.pending


def test_results_and_all_else_come_back_in_the_order_in_which_they_were_written(
    folder: Path,
) -> None:
    spool = Spool(folder, segment_bytes=50)
    for number in range(20):
        spool.append([b"%d" % number], expendable=number % 3 == 0)

    assert [b"%d" % number for number in range(20)] == _payloads(spool)
    assert [b"%d" % number for number in range(20)] == _payloads(Spool(folder, segment_bytes=50))


def test_the_oldest_results_go_first_and_are_not_waited_for(folder: Path) -> None:
    spool = Spool(folder, segment_bytes=20)
    for payload in (b"request 1", b"request 2"):
        spool.append([payload])
    for payload in (b"result 1", b"result 2"):
        spool.append([payload], expendable=True)

    oldest = spool.oldest()
    assert oldest is not None
    spool.drop(oldest)

    assert [b"result 1"] == [payload for _, payload in oldest.records]
    assert [b"request 1", b"request 2", b"result 2"] == _payloads(spool)
    assert 3 == spool.pending


def test_files_that_others_may_read_are_closed_to_them(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"a"])
    spool.close()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)

    Spool(folder)

    found = [folder, *folder.rglob("*")]
    assert [] == [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_a_limit_on_the_size_of_files_costs_no_record(folder: Path) -> None:
    payloads = [b"%d" % number * 100 for number in range(1, 9)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    spool = Spool(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    try:
        for payload in payloads:
            spool.append([payload])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert payloads == _payloads(spool)


def test_a_full_disk_leaves_the_spool_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(folder)
    spool.append([b"before"])
    _fill_disk_after(5, monkeypatch)

    with pytest.raises(OSError, match="No space left"):
        spool.append([b"does not fit"])
    monkeypatch.undo()
    spool.append([b"after"])

    assert [b"before", b"after"] == _payloads(spool) == _payloads(Spool(folder))


@pytest.mark.parametrize("step", range(60))
def test_whatever_was_told_to_be_on_disk_is_there_after_a_crash_at_any_step(
    folder: Path, step: int
) -> None:
    told, done = os.pipe()
    child = os.fork()
    if not child:
        _die_at(step)
        _work(folder, done)
        os._exit(0)
    os.close(done)
    with os.fdopen(told, "rb") as lines:
        appended, acknowledged = _read_told(lines.read())
    os.waitpid(child, 0)

    left = _payloads(Spool(folder, segment_bytes=60))

    missing = [payload for payload in appended if payload not in left]
    assert missing == [payload for payload in missing if payload in acknowledged]
    assert sorted(left, key=int) == left


def _work(folder: Path, told: int) -> None:
    """Appends, reads and acknowledgements, each told once it is done."""
    spool = Spool(folder, segment_bytes=60)
    for number in range(12):
        spool.append([b"%d" % number], expendable=number % 2 == 0)
        _tell(told, b"+%d\n" % number)
        if number % 4 == 3:
            batch = spool.read(3, ALL)
            # a crash in the midst of it may forget them already: the receiver has them
            _tell(told, b"".join(b"-%s\n" % payload for _, payload in batch))
            spool.acknowledge(batch[-1][0])
    spool.close()


def _read_told(lines: bytes) -> tuple[list[bytes], list[bytes]]:
    split = lines.split()
    return (
        [line[1:] for line in split if line[:1] == b"+"],
        [line[1:] for line in split if line[:1] == b"-"],
    )


def test_a_batch_is_bounded_in_number_and_size_but_never_empty(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"x" * 100, b"y" * 100, b"z" * 100])

    assert 2 == len(spool.read(2, ALL))
    assert 2 == len(spool.read(MANY, 250))
    assert 1 == len(spool.read(MANY, 10))


def test_threads_may_append_at_once(folder: Path) -> None:
    spool = Spool(folder, segment_bytes=2_000)
    sent = [b"%d-%d" % (thread, number) for thread in range(8) for number in range(50)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda payload: spool.append([payload]), sent))

    assert sorted(sent) == sorted(_payloads(spool))
    assert sorted(sent) == sorted(_payloads(Spool(folder)))


def test_any_history_of_appends_acks_and_restarts_loses_nothing(folder: Path) -> None:
    chance = random.Random(11)
    spool, sent, taken = Spool(folder, segment_bytes=300), [], []
    for step in range(400):
        match chance.randrange(5):
            case 0 | 1 | 2:
                payloads = [b"%d.%d" % (step, n) * chance.randrange(1, 9) for n in range(3)]
                spool.append(payloads)
                sent += payloads
            case 3:
                batch = spool.read(chance.randrange(1, 9), ALL)
                if batch:
                    spool.acknowledge(batch[-1][0])
                    taken += [payload for _, payload in batch]
            case _:
                spool.close()
                spool = Spool(folder, segment_bytes=300)

    assert sent == taken + _payloads(spool)


_real_write = os.write


def _tell(file: int, line: bytes) -> None:
    _real_write(file, line)


def _die_at(step: int) -> None:
    """Kill this process at its nth call that changes the disk; a write is cut in the middle."""
    left = [step]

    def mortal(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                if name == "write":
                    file, data = arguments
                    real(file, bytes(data)[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return call

    for name in ("write", "fdatasync", "fsync", "ftruncate", "unlink", "open", "rename", "replace"):
        setattr(os, name, mortal(name, getattr(os, name)))
    segments._sync = os.fdatasync


def _fill_disk_after(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk take `size` more bytes."""
    left = [size]

    def write(file: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = _real_write(file, bytes(data)[: left[0]])
        left[0] -= written
        return written

    monkeypatch.setattr(os, "write", write)
