"""The exporter: what was acknowledged leaves the spool, in order; nothing blocks it for ever."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan

from agentaudit_hook.relay import carriers
from agentaudit_hook.relay import exporter as exporter_module
from agentaudit_hook.relay.exporter import Exporter
from agentaudit_hook.relay.records import pack_record
from agentaudit_hook.relay.set_aside import MAX_BATCHES
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile, read_status
from agentaudit_hook.relay.trouble import Rejection, Trouble
from agentaudit_hook.settings import Settings
from agentaudit_processor import attributes as names
from tests.support.builders import a_request, a_tool_call
from tests.support.hook import eventually

Refuses = Callable[[list[str]], Trouble | Rejection | None]


class ListCarrier:
    """Keeps the call ids that it carried; refuses what it is told to."""

    def __init__(self, refuses: Refuses = lambda _: None) -> None:
        self.refuses = refuses
        self.carried: list[str] = []
        self.late: list[bool] = []

    def carry(
        self, spans: Sequence[ReadableSpan], records: Sequence[ReadableLogRecord]
    ) -> Trouble | Rejection | None:
        attributes = [r.log_record.attributes or {} for r in records]
        attributes += [span.attributes or {} for span in spans]
        ids = [str(one[names.TOOL_CALL_ID]) for one in attributes]
        trouble = self.refuses(ids)
        if trouble is None:
            self.carried += ids
            self.late += [names.SPOOL_REPLAYED in one for one in attributes]
        return trouble

    def probe(self) -> Trouble | Rejection | None:
        return self.refuses([])

    def close(self) -> None:
        pass


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Exporter]]:
    started = []

    def start(spool: Spool, carrier: ListCarrier) -> Exporter:
        monkeypatch.setattr(carriers, "carrier_of", lambda _: carrier)
        status = StatusFile(tmp_path / "status.json", time.time_ns)
        exporter = Exporter(spool, Settings(), status, tmp_path / "refused")
        answered = threading.Event()
        answered.set()
        thread = threading.Thread(target=exporter.run, args=(answered,), daemon=True)
        thread.start()
        started.append((exporter, thread))
        return exporter

    yield start
    for exporter, thread in started:
        exporter.stop()
        thread.join(5)


def _spool(folder: Path, count: int, *, age_s: int = 0) -> Spool:
    spool = Spool(folder / "spool")
    at_ns = time.time_ns() - age_s * 1_000_000_000
    calls = [a_request(call_id=f"call-{number}") for number in range(count)]
    spool.append([pack_record(call, at_ns) for call in calls])
    return spool


def test_what_was_carried_leaves_the_spool_in_order(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    spool, carrier = _spool(tmp_path, 5), ListCarrier()

    run(spool, carrier)

    assert eventually(lambda: spool.pending == 0)
    assert [f"call-{number}" for number in range(5)] == carrier.carried
    assert {False} == set(carrier.late)


def test_what_comes_later_is_carried_too(tmp_path: Path, run: Callable[..., Exporter]) -> None:
    spool, carrier = Spool(tmp_path / "spool"), ListCarrier()
    run(spool, carrier)

    spool.append([pack_record(a_tool_call(call_id="late"), time.time_ns())])

    assert eventually(lambda: carrier.carried == ["late"])


def test_records_that_waited_are_marked_as_sent_late(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    spool, carrier = _spool(tmp_path, 2, age_s=3600), ListCarrier()

    run(spool, carrier)

    assert eventually(lambda: spool.pending == 0)
    assert [True, True] == carrier.late


def test_trouble_keeps_everything_and_is_told_until_it_ends(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    away = Trouble(sentence="Nothing answers.")
    spool, carrier = _spool(tmp_path, 3), ListCarrier(lambda _: away)
    exporter = run(spool, carrier)
    status = tmp_path / "status.json"

    assert eventually(lambda: _problem(status) == "Nothing answers.")
    assert 3 == spool.pending
    carrier.refuses = lambda _: None
    exporter.hurry()

    assert eventually(lambda: spool.pending == 0)
    assert eventually(lambda: _problem(status) is None)


def test_a_record_that_can_never_be_taken_is_set_aside_and_holds_up_no_other(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    never = Trouble(sentence="cannot read a batch (400)", permanent=True)
    carrier = ListCarrier(lambda ids: never if "call-3" in ids else None)
    spool = _spool(tmp_path, 8)

    run(spool, carrier)

    assert eventually(lambda: spool.pending == 0)
    assert [f"call-{n}" for n in range(8) if n != 3] == carrier.carried
    (kept,) = (tmp_path / "refused").iterdir()
    assert b'"call_id":"call-3"' in kept.read_bytes()
    told = read_status(tmp_path / "status.json")["refused"]["problem"]
    assert "1 records could never be delivered" in told


def test_what_a_receiver_took_but_for_some_is_not_offered_again_and_lies_aside(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    offered: list[list[str]] = []

    def refuses(ids: list[str]) -> Rejection:
        offered.append(ids)
        return Rejection(count=2, why="too old")

    spool = _spool(tmp_path, 5)

    exporter = run(spool, ListCarrier(refuses))

    assert eventually(lambda: spool.pending == 0)
    assert [[f"call-{number}" for number in range(5)]] == offered
    (kept,) = (tmp_path / "refused").iterdir()
    assert 5 == len(kept.read_bytes().splitlines())
    told = read_status(tmp_path / "status.json")["refused"]["problem"]
    assert "2 more of 1 batches were refused by the receiver" in told
    (refused,) = exporter.refused()
    assert (2, 5) == (refused.count, len(refused.batch))
    assert "too old" in refused.reason
    assert [] == exporter.refused()


def test_a_record_that_was_refused_alone_is_known(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    spool = _spool(tmp_path, 1)

    exporter = run(spool, ListCarrier(lambda _: Rejection(count=1, why="too old")))

    assert eventually(lambda: spool.pending == 0)
    (kept,) = (tmp_path / "refused").glob("*.json")
    assert b'"call_id":"call-0"' in kept.read_bytes()
    assert 1 == len(exporter.refused())


def test_of_batches_that_are_refused_in_part_only_the_newest_are_kept(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    spool = Spool(tmp_path / "spool")
    exporter = run(spool, ListCarrier(lambda _: Rejection(count=1, why="too old")))

    for number in range(MAX_BATCHES + 3):
        calls = [a_request(call_id=f"call-{number}-{half}") for half in "ab"]
        spool.append([pack_record(call, time.time_ns()) for call in calls])
        exporter.hurry()
        assert eventually(lambda: spool.pending == 0)

    kept = sorted((tmp_path / "refused").iterdir())
    assert MAX_BATCHES == len(kept)
    assert b"call-3-a" in kept[0].read_bytes()


def test_who_refuses_an_empty_request_too_costs_no_record(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    no_receiver = Trouble(sentence="cannot read a batch (400)", permanent=True)
    spool = _spool(tmp_path, 3)

    run(spool, ListCarrier(lambda _: no_receiver))

    assert eventually(lambda: "no OTLP receiver" in (_problem(tmp_path / "status.json") or ""))
    assert 3 == spool.pending
    assert not (tmp_path / "refused").exists()


def test_a_record_that_cannot_be_written_as_otlp_holds_up_no_other(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    spool, carrier = Spool(tmp_path / "spool"), ListCarrier()
    calls = [a_tool_call(call_id="bad", trace_id="no hex"), a_tool_call(call_id="good")]
    spool.append([pack_record(call, time.time_ns()) for call in calls])

    run(spool, carrier)

    assert eventually(lambda: carrier.carried == ["good"])
    assert eventually(lambda: spool.pending == 0)
    assert 1 == len(list((tmp_path / "refused").iterdir()))


def test_a_fault_while_sending_is_told_and_tried_again(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    faults = [RuntimeError("out of threads")]

    def refuses(_: list[str]) -> None:
        if faults:
            raise faults.pop()

    spool = _spool(tmp_path, 2)

    run(spool, ListCarrier(refuses))

    assert eventually(lambda: spool.pending == 0)


def test_a_disk_too_full_for_the_cursor_does_not_end_delivery(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    spool, carrier = _spool(tmp_path, 2), ListCarrier()
    (tmp_path / "spool" / "cursor.tmp").mkdir()  # opening it for writing fails

    run(spool, carrier)
    assert eventually(lambda: spool.pending == 0)
    spool.append([pack_record(a_tool_call(call_id="later"), time.time_ns())])

    assert eventually(lambda: "later" in carrier.carried)


def test_a_receiver_too_slow_for_a_whole_batch_gets_smaller_ones(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    slow = Trouble(sentence="no answer in time")
    carrier = ListCarrier(lambda ids: slow if len(ids) > 40 else None)
    spool = _spool(tmp_path, 100)
    exporter = run(spool, carrier)

    def done() -> bool:
        exporter.hurry()
        return spool.pending == 0

    assert eventually(done)
    assert [f"call-{number}" for number in range(100)] == carrier.carried


def test_a_record_that_nobody_can_read_is_set_aside(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    spool, carrier = _spool(tmp_path, 1), ListCarrier()
    spool.append([b'{"from": "a newer version"}'])

    run(spool, carrier)

    assert eventually(lambda: spool.pending == 0)
    assert ["call-0"] == carrier.carried
    assert 1 == len(list((tmp_path / "refused").iterdir()))


def _problem(status: Path) -> str | None:
    problem: str | None = read_status(status).get("export", {}).get("problem", "not yet told")
    return problem


def test_a_receipt_is_told_to_who_waits_for_it(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    spool = _spool(tmp_path, 1)
    exporter = run(spool, ListCarrier())

    trouble = exporter.await_delivery(1, 10)

    assert trouble is None
    assert 1 == spool.acknowledged


def test_who_waits_for_a_receipt_learns_at_once_why_there_is_none(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    exporter = run(_spool(tmp_path, 1), ListCarrier(lambda _: Trouble(sentence="No server.")))

    started = time.monotonic()
    trouble = exporter.await_delivery(1, 30)

    assert "No server." == trouble
    assert time.monotonic() - started < 20


def test_a_receiver_that_hangs_is_not_waited_for_beyond_the_deadline(
    tmp_path: Path, run: Callable[..., Exporter]
) -> None:
    over = threading.Event()

    def hang(_: list[str]) -> None:
        over.wait(20)

    exporter = run(_spool(tmp_path, 1), ListCarrier(hang))

    trouble = exporter.await_delivery(1, 0.2)
    over.set()

    assert "1 records wait for it." == trouble


def test_a_disk_that_fails_for_a_while_does_not_end_the_sending(
    run: Callable[..., Exporter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, carrier = Spool(tmp_path / "spool"), ListCarrier()
    spool.append([pack_record(a_tool_call(call_id="kept"), time.time_ns())])
    read, failures = spool.read, [OSError(24, "Too many open files")]

    def failing(records: int, size: int) -> object:
        if failures:
            raise failures.pop()
        return read(records, size)

    monkeypatch.setattr(spool, "read", failing)
    monkeypatch.setattr(exporter_module, "MAX_BACKOFF_SECONDS", 0.01)

    run(spool, carrier)

    assert eventually(lambda: carrier.carried == ["kept"])
