"""The keeper: what goes when room is short, in which order, and that it is told."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.records import unpack_record
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_processor.model import Activity, EventKind, Fact, Phase, ToolCall
from tests.support.builders import NOON_NS, a_request, a_tool_call

SEGMENT_BYTES = 2_000
ROOM = 20_000


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", segment_bytes=SEGMENT_BYTES)


@pytest.fixture
def status(tmp_path: Path) -> StatusFile:
    return StatusFile(tmp_path / "status.json", lambda: NOON_NS)


def test_at_the_limit_results_go_and_requests_stay(spool: Spool, status: StatusFile) -> None:
    keeper = Keeper(spool, ROOM, status)

    for number in range(12):
        keeper.keep([a_request(call_id=f"toolu_{number}")])
        keeper.keep([a_tool_call(call_id=f"toolu_{number}")])

    kept = _records(spool)
    requested = [c.call_id for c in _calls(kept) if c.phase is Phase.REQUESTED]
    ended = [c.call_id for c in _calls(kept) if c.phase is Phase.ENDED]
    assert [f"toolu_{number}" for number in range(12)] == requested
    assert 0 < len(ended) < 12
    assert [f"toolu_{number}" for number in range(12 - len(ended), 12)] == ended
    assert 12 - len(ended) == sum(int(str(gap.data["results"])) for gap in _gaps(kept))
    assert f"{12 - len(ended)} records" in status.problems["dropped"]


def test_a_gap_is_told_in_the_session_that_has_it(spool: Spool, status: StatusFile) -> None:
    keeper = Keeper(spool, ROOM, status)
    for number in range(32):
        session_id = f"session-{number % 2}"
        keeper.keep([a_tool_call(call_id=f"toolu_{number}", session_id=session_id)])

    gaps = _gaps(_records(spool))

    assert {"session-0", "session-1"} == {gap.session_id for gap in gaps}
    assert {EventKind.GAP} == {gap.kind for gap in gaps}
    assert {"the spool reached its limit"} == {gap.data["reason"] for gap in gaps}
    assert all(str(gap.data["from"]) <= str(gap.data["to"]) for gap in gaps)


def test_when_no_results_are_left_the_oldest_requests_go_and_no_count_is_lost(
    spool: Spool, status: StatusFile
) -> None:
    keeper = Keeper(spool, ROOM, status)

    for number in range(60):
        keeper.keep([a_request(call_id=f"toolu_{number}")])

    kept = _records(spool)
    ids = [call.call_id for call in _calls(kept)]
    gone = 60 - len(ids)
    assert 0 < gone
    assert [f"toolu_{number}" for number in range(gone, 60)] == ids
    assert gone == sum(int(str(gap.data["requests"])) for gap in _gaps(kept))
    assert spool.size_bytes <= ROOM


def test_what_was_delivered_is_not_counted_as_lost(spool: Spool, status: StatusFile) -> None:
    keeper = Keeper(spool, ROOM, status)

    for number in range(60):
        keeper.keep([a_tool_call(call_id=f"toolu_{number}")])
        spool.acknowledge(spool.read(100, 1 << 30)[-1][0])

    assert 0 == spool.pending
    assert {} == status.problems


def test_on_a_full_disk_results_make_room_for_a_request(
    spool: Spool, status: StatusFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(spool, 1 << 30, status)
    for number in range(6):
        keeper.keep([a_tool_call(call_id=f"toolu_{number}")])
    _fill_disk(monkeypatch, lambda: spool.size_bytes, spool.size_bytes)

    keeper.keep([a_request(call_id="toolu_new")])

    kept = _records(spool)
    (gap,) = _gaps(kept)
    assert "the disk is full" == gap.data["reason"]
    assert "toolu_new" in {call.call_id for call in _calls(kept)}
    assert int(str(gap.data["results"])) + len(_calls(kept)) == 7


def test_on_a_full_disk_older_requests_are_not_given_up(
    spool: Spool, status: StatusFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(spool, 1 << 30, status)
    for number in range(6):
        keeper.keep([a_request(call_id=f"toolu_{number}")])
    _fill_disk(monkeypatch, lambda: spool.size_bytes, spool.size_bytes)

    with pytest.raises(OSError, match="No space left"):
        keeper.keep([a_request(call_id="toolu_new")])

    assert [f"toolu_{number}" for number in range(6)] == [
        call.call_id for call in _calls(_records(spool))
    ]


def test_a_record_with_a_result_is_told_from_its_request_after_a_restart(
    spool: Spool, status: StatusFile, tmp_path: Path
) -> None:
    keeper = Keeper(spool, 1 << 30, status)
    keeper.keep([a_request(), a_tool_call(), replace(a_request(), call_id="other")])
    spool.close()

    oldest = Spool(tmp_path / "spool", segment_bytes=SEGMENT_BYTES).oldest()

    assert oldest is not None
    assert oldest.expendable
    assert 1 == len(oldest.records)


def _records(spool: Spool) -> list[Activity]:
    return [unpack_record(packed)[0] for _, packed in spool.read(1000, 1 << 30)]


def _calls(records: list[Activity]) -> list[ToolCall]:
    return [one for one in records if isinstance(one, ToolCall)]


def _gaps(records: list[Activity]) -> list[Fact]:
    return [one for one in records if isinstance(one, Fact)]


def _fill_disk(monkeypatch: pytest.MonkeyPatch, used: Callable[[], int], size: int) -> None:
    """A disk that holds `size` bytes of the spool and no more."""
    real = os.write

    def write(file: int, data: bytes) -> int:
        if used() + len(data) > size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, data)

    monkeypatch.setattr(os, "write", write)
