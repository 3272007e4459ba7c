"""The newest records, read from the spool while it is written, each once."""

from pathlib import Path

from agentaudit_hook.commands.tail import line_of
from agentaudit_hook.looking.watch import Watch, row_of
from agentaudit_hook.relay.records import pack_record
from agentaudit_hook.relay.spool import Spool
from tests.support.builders import NOON_NS, a_fact, a_tool_call


def _ids(watch: Watch) -> list[str]:
    return [row.id for row in watch.news()]


def _append(spool: Spool, *ids: str, expendable: bool = False) -> None:
    records = [pack_record(a_tool_call(call_id=one), 0) for one in ids]
    spool.append(records, expendable=expendable)


def test_each_record_is_given_once_in_order_over_both_lanes(tmp_path: Path) -> None:
    spool, watch = Spool(tmp_path / "spool"), Watch(tmp_path)
    _append(spool, "a")
    _append(spool, "b", expendable=True)
    _append(spool, "c")

    first = _ids(watch)
    _append(spool, "d", expendable=True)

    assert ["a", "b", "c"] == first
    assert ["d"] == _ids(watch)
    assert [] == _ids(watch)
    spool.close()


def test_what_was_delivered_is_still_there(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    _append(spool, "a", "b")
    spool.acknowledge(1)

    assert 0 == spool.pending
    assert ["a", "b"] == _ids(Watch(tmp_path))
    spool.close()


def test_a_record_that_is_just_being_written_comes_the_next_time(tmp_path: Path) -> None:
    spool, watch = Spool(tmp_path / "spool"), Watch(tmp_path)
    _append(spool, "a", "b")
    (segment,) = [p for p in tmp_path.rglob("*.seg") if p.stat().st_size]
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-3])

    first = _ids(watch)
    segment.write_bytes(whole)

    assert (["a"], ["b"]) == (first, _ids(watch))
    spool.close()


def test_no_spool_and_strange_records_are_nothing(tmp_path: Path) -> None:
    assert [] == _ids(Watch(tmp_path))
    spool = Spool(tmp_path / "spool")
    spool.append([b"{}", b"no JSON"])

    assert [] == _ids(Watch(tmp_path))
    spool.close()


def test_a_row_says_when_by_whom_and_what() -> None:
    row = row_of(a_tool_call(ended_ns=NOON_NS + 1_500_000_000))

    told = row.plain()

    assert "2026-09-21T14:13:21.500+00:00" == told["time"]
    assert ("success", "Bash", "echo hello") == (told["state"], told["tool"], told["summary"])
    assert "session" == row_of(a_fact()).kind


def test_hostile_text_stays_on_its_line_and_steers_nothing() -> None:
    row = row_of(a_tool_call(arguments={"command": "echo \x1b]0;x\x07\n\u202eevil\r2026-"}))

    line = line_of(row)

    assert line.isprintable()
    assert "⟦U+001B⟧" in line
    assert "⟦U+202E⟧" in line
