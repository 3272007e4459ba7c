"""The queue of one destination: in order, within its size, over a restart."""

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from agentaudit_processor.sinks.queue import SendingQueue, Waiting


def bodies(queue: SendingQueue) -> list[bytes]:
    taken = []
    while queue.queued_requests:
        waiting = first_of(queue)
        taken.append(waiting.body)
        queue.remove(waiting)
    return taken


def first_of(queue: SendingQueue) -> Waiting:
    waiting = queue.first()
    assert waiting is not None
    return waiting


@pytest.fixture(params=["memory", "file"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> SendingQueue:
    path = tmp_path / "a.queue" if request.param == "file" else None
    return SendingQueue(path, max_bytes=10)


def test_the_oldest_comes_first_and_stays_until_it_is_removed(queue: SendingQueue) -> None:
    for body in (b"a", b"b", b"c"):
        assert queue.put("traces", 1, body)

    assert b"a" == first_of(queue).body == first_of(queue).body
    assert [b"a", b"b", b"c"] == bodies(queue)


def test_what_does_not_fit_is_refused_and_what_is_removed_makes_room(queue: SendingQueue) -> None:
    assert queue.put("traces", 1, b"12345678")
    assert not queue.put("traces", 1, b"123")

    queue.remove(first_of(queue))

    assert (0, 0) == (queue.queued_requests, queue.queued_bytes)
    assert queue.put("traces", 1, b"123")


def test_who_waits_for_the_first_is_woken_by_it_and_by_the_end(queue: SendingQueue) -> None:
    found: list[Waiting | None] = []
    for act in (lambda: queue.put("logs", 2, b"x"), queue.close):
        waiter = threading.Thread(target=lambda: found.append(queue.first()))
        if found:
            queue.remove(first_of(queue))
        waiter.start()
        act()
        waiter.join(5)

    assert [("logs", 2, b"x"), None] == [one and (one.signal, one.items, one.body) for one in found]


def test_a_file_keeps_what_waits_and_memory_tells_what_is_lost(queue: SendingQueue) -> None:
    queue.put("traces", 5, b"x")

    assert queue.close() in (0, 5)
    assert not queue.put("traces", 1, b"y")
    assert 0 == queue.close()


def test_a_file_is_its_owners_alone_and_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.queue"
    first = SendingQueue(path, max_bytes=100)
    first.put("traces", 1, b"kept")
    first.close()

    second = SendingQueue(path, max_bytes=100)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert (1, 4) == (second.queued_requests, second.queued_bytes)
    assert [b"kept"] == bodies(second)
    second.close()


def test_a_file_that_is_in_use_or_none_of_ours_is_refused(tmp_path: Path) -> None:
    path, rubbish = tmp_path / "a.queue", tmp_path / "b.queue"
    holder = SendingQueue(path, max_bytes=100)
    rubbish.write_bytes(b"not a database, whatever its name says" * 100)

    for refused in (path, rubbish):
        with pytest.raises(sqlite3.Error):
            SendingQueue(refused, max_bytes=100)
    holder.close()


def test_headers_that_go_along_are_kept_over_a_restart(tmp_path: Path) -> None:
    path, along = tmp_path / "a.queue", (("x-scope-orgid", "tenant-7"),)
    first = SendingQueue(path, max_bytes=1000)
    first.put("traces", 1, b"body", along)
    first.close()

    again = SendingQueue(path, max_bytes=1000)
    waiting = again.first()
    again.close()

    assert waiting is not None
    assert along == waiting.sent_with


def test_a_file_of_an_older_version_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "a.queue"
    with closing(sqlite3.connect(path)) as older:
        older.execute(
            "CREATE TABLE waiting (id INTEGER PRIMARY KEY AUTOINCREMENT, signal TEXT NOT NULL,"
            " items INTEGER NOT NULL, body BLOB NOT NULL)"
        )
        older.execute("INSERT INTO waiting (signal, items, body) VALUES ('traces', 2, x'6f6c64')")
        older.commit()

    queue = SendingQueue(path, max_bytes=1000)
    waiting = queue.first()
    queue.close()

    assert waiting is not None
    assert (b"old", 2, ()) == (waiting.body, waiting.items, waiting.sent_with)
