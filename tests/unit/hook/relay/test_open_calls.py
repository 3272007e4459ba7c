"""Open calls whose client gave them no ids: which request an end belongs to."""

import os
from dataclasses import replace
from pathlib import Path

from agentaudit_hook.agents.shape import derived_call_id
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_processor.ids import span_id_of
from agentaudit_processor.model import Phase, ToolCall
from tests.support.builders import a_request, a_tool_call

DIGEST = "d" * 24


def _request(at_ns: int, digest: str = DIGEST) -> ToolCall:
    call_id = derived_call_id(digest, at_ns)
    return a_tool_call(call_id=call_id, phase=Phase.REQUESTED, started_ns=at_ns, ended_ns=None)


def _end(at_ns: int, digest: str = DIGEST) -> ToolCall:
    return a_tool_call(call_id=derived_call_id(digest, at_ns), started_ns=at_ns, ended_ns=at_ns)


def test_an_end_takes_the_id_of_the_oldest_open_call_alike(tmp_path: Path) -> None:
    calls = OpenCalls(tmp_path / "journal")
    for request in (_request(30), _request(10), _request(20), _request(5, "e" * 24)):
        calls.open(request)

    named = calls.named(_end(40))

    assert derived_call_id(DIGEST, 10) == named.call_id
    assert span_id_of(named.session_id, named.call_id) == named.span_id


def test_two_ends_at_once_never_take_the_same_call(tmp_path: Path) -> None:
    calls = OpenCalls(tmp_path / "journal")
    calls.open(_request(10))
    calls.open(_request(20))

    named = [calls.named(_end(at_ns)).call_id for at_ns in (30, 31, 32)]

    assert [derived_call_id(DIGEST, at_ns) for at_ns in (10, 20, 32)] == named


def test_an_end_that_could_not_be_kept_finds_its_call_again(tmp_path: Path) -> None:
    calls = OpenCalls(tmp_path / "journal")
    calls.open(_request(10))
    calls.open(_request(20))

    named = [calls.named(_end(at_ns)).call_id for at_ns in (30, 31, 31)]

    assert [derived_call_id(DIGEST, at_ns) for at_ns in (10, 20, 20)] == named


def test_an_end_told_again_after_a_crash_is_the_same_end(tmp_path: Path) -> None:
    calls = OpenCalls(tmp_path / "journal")
    calls.open(_request(10))
    ended = calls.named(_end(20))
    calls.end([ended])
    calls.open(_request(30))

    again = OpenCalls(tmp_path / "journal").named(_end(20))

    assert ended.call_id == again.call_id


def test_a_call_of_another_session_or_with_an_id_of_its_own_is_left_alone(tmp_path: Path) -> None:
    calls = OpenCalls(tmp_path / "journal")
    calls.open(_request(10))
    other = replace(_end(20), session_id="another")
    numbered = a_tool_call(call_id="toolu_1")

    assert other == replace(calls.named(other), span_id=other.span_id)
    assert numbered is calls.named(numbered)


def test_a_journal_of_an_older_version_is_still_read(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(b'e["s1", "toolu_1"]\n')

    assert OpenCalls(journal).has_ended(a_tool_call(session_id="s1", call_id="toolu_1"))


def test_a_disk_too_full_for_a_fresh_journal_does_not_keep_the_relay_from_starting(
    tmp_path: Path,
) -> None:
    OpenCalls(tmp_path / "journal").open(a_request())
    (tmp_path / f"journal.{os.getpid()}.tmp").mkdir()  # opening it for writing fails

    calls = OpenCalls(tmp_path / "journal")

    assert 1 == len(calls)
    calls.open(a_request(call_id="toolu_2"))
    assert 2 == len(OpenCalls(tmp_path / "journal"))
