"""The spool: what was appended comes back, in order, until it is acknowledged; crashes included."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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
    assert len(list(folder.glob("*.seg"))) > 3

    spool.acknowledge(spool.read(MANY, ALL)[-1][0])

    assert 1 == len(list(folder.glob("*.seg")))
    assert 0 == spool.pending


def test_a_closed_spool_leaves_no_content_of_what_was_delivered(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"content"])
    spool.acknowledge(0)

    spool.close()

    assert [] == list(folder.glob("*.seg"))


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_torn_tail_costs_the_torn_record_only(folder: Path, cut: int) -> None:
    spool = Spool(folder)
    spool.append([b"whole", b"torn"])
    spool.close()
    (segment,) = folder.glob("*.seg")
    segment.write_bytes(segment.read_bytes()[:-cut])

    mended = Spool(folder)
    mended.append([b"next"])

    assert [b"whole", b"next"] == _payloads(mended)


def test_garbage_after_a_power_loss_is_cut_off(folder: Path) -> None:
    spool = Spool(folder)
    spool.append([b"whole"])
    spool.close()
    (segment,) = folder.glob("*.seg")
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
    damaged = sorted(folder.glob("*.seg"))[1]
    damaged.write_bytes(damaged.read_bytes().replace(b"b", b"x"))

    assert [b"a" * 20, b"c" * 20] == _payloads(spool)
    assert "1 records lost" in caplog.text


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
