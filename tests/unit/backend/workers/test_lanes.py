"""Who gets an idle worker, and who gets several."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from agentaudit_backend.workers.lanes import Lanes
from agentaudit_processor.ports import Unavailable


@pytest.fixture
def ways() -> Iterator[list[Connection]]:
    pairs = [Pipe() for _ in range(3)]
    yield [ours for ours, _ in pairs]
    for pair in pairs:
        for end in pair:
            end.close()


def test_whoever_comes_alone_gets_all_that_are_wanted(ways: list[Connection]) -> None:
    lanes = Lanes(ways)

    taken = lanes.take(2)

    assert 2 == len(taken)
    assert 1 == len(lanes.take(2))


def test_nobody_gets_what_somebody_else_waits_for(ways: list[Connection]) -> None:
    lanes = Lanes(ways)
    all_of_them = lanes.take(3)

    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(lanes.take, 3) for _ in range(3)]
        while lanes.waiting < 3:
            pass
        lanes.give_back(all_of_them)
        taken = [call.result() for call in calls]

    assert [1, 1, 1] == [len(one) for one in taken]


def test_who_waits_hears_of_the_end(ways: list[Connection]) -> None:
    lanes = Lanes(ways[:1])
    lanes.take(1)

    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(lanes.take, 1)
        lanes.end()

        with pytest.raises(Unavailable):
            call.result()


def test_after_the_end_what_is_given_back_is_closed(ways: list[Connection]) -> None:
    lanes = Lanes(ways)
    taken = lanes.take(1)

    lanes.end()
    lanes.give_back(taken)

    assert [True] * 3 == [way.closed for way in ways]
