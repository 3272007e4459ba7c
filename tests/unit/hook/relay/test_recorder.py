"""The recorder: what comes to lie in the spool for each way in which a call can go."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agentaudit_hook import __version__
from agentaudit_hook.agents import claude_code, codex
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.frames import FAILS_CLOSED, UNTIL
from agentaudit_hook.relay.client_time import MAX_WAIT_SECONDS
from agentaudit_hook.relay.decided import Heard, decision_of
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.recorder import Recorder
from agentaudit_hook.relay.records import unpack_record
from agentaudit_hook.relay.replies import Reply
from agentaudit_hook.relay.sequences import Sequences
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_processor.model import (
    Activity,
    Decision,
    EventKind,
    Fact,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
)
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Capture, CapturePolicy, LoggingLevel, OnFailure, Policy
from tests.support.builders import NOON_NS
from tests.support.hook import payload

PARANOID = Policy(
    version=4,
    logging_level=LoggingLevel.PARANOID,
    blocking_enabled=True,
    block_on=RiskLevel.HIGH,
    digest_key=b"k" * 32,
)
CLOSED = Policy(version=4, on_failure=OnFailure.CLOSED)
REMOTE = replace(CLOSED, require_remote_record=True)
ROOM = 1 << 30
DESTRUCTIVE = {"command": "rm -rf / --no-preserve-root"}


@dataclass
class Desk:
    """A Recorder with its neighbours, in a folder of its own."""

    folder: Path
    judge: Any
    policy: Policy = PARANOID
    second: int = 0
    trouble: str | None = None
    agent: Any = claude_code
    awaited: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spool = Spool(self.folder / "spool")
        self.status = StatusFile(self.folder / "status.json", lambda: NOON_NS)
        self.restart()

    def restart(self) -> None:
        self.open = OpenCalls(self.folder / "open-calls")
        self.recorder = Recorder(
            judge=self.judge,
            policy=lambda: self.policy,
            keeper=Keeper(self.spool, ROOM, self.status),
            open_calls=self.open,
            sequences=Sequences(self.folder / "sequences"),
            status=self.status,
            await_delivery=self.await_delivery,
        )

    def await_delivery(self, number: int, seconds: float) -> str | None:
        self.awaited.append((number, seconds))
        return self.trouble

    def hear(self, told: dict[str, Any], heard: Heard = Heard.LIVE, **more: str) -> Reply:
        self.second += 1
        at_ns = NOON_NS + self.second * 1_000_000_000
        body = json.dumps(told).encode()
        event = Told(verb="event", body=body, at_ns=at_ns, cwd="/", env=more)
        return self.recorder.take(self.agent, event, heard)

    def records(self) -> list[Activity]:
        return [unpack_record(packed)[0] for _, packed in self.spool.read(1000, 1 << 30)]

    def calls(self) -> list[ToolCall]:
        return [one for one in self.records() if isinstance(one, ToolCall)]


@pytest.fixture
def desk(tmp_path: Path, judge: Judge) -> Desk:
    return Desk(tmp_path, judge)


def test_request_and_end_meet_on_the_requests_start(desk: Desk) -> None:
    desk.hear(payload("PreToolUse-Bash"))
    desk.hear(payload("PostToolUseFailure-Bash", cwd="/elsewhere"))

    request, end = desk.calls()

    assert (Phase.REQUESTED, Phase.ENDED) == (request.phase, end.phase)
    assert NOON_NS + 1_000_000_000 == request.started_ns == end.started_ns
    assert NOON_NS + 2_000_000_000 == end.ended_ns
    assert "/home/dev/project" == end.cwd
    assert 0 == len(desk.open)


def test_every_call_carries_what_was_decided_and_by_which_rules(desk: Desk) -> None:
    desk.hear(payload("PreToolUse-Bash"))

    (call,) = desk.calls()

    assert call.client_verdict is not None
    assert Decision.ALLOW == call.client_verdict.decision
    assert ("4", desk.judge.packs.version) == (
        call.client_verdict.policy_version,
        call.client_verdict.packs_version,
    )


def test_a_blocked_call_ends_once_the_agent_has_the_decision(desk: Desk) -> None:
    reply = desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE))
    before = [call.phase for call in desk.calls()]

    desk.recorder.confirm(reply)
    desk.recorder.confirm(reply)

    assert [Phase.REQUESTED] == before
    request, end = desk.calls()
    assert (Outcome.FAILURE, "policy_block") == (end.outcome, end.error_type)
    assert request.client_verdict == end.client_verdict
    assert str(end.error_message) in json.loads(reply.stdout)["hookSpecificOutput"].values()


def test_a_decision_that_did_not_arrive_is_not_claimed(desk: Desk) -> None:
    desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE))  # and no confirmation
    desk.hear(payload("PostToolUse-Bash", tool_use_id="toolu_436b7aabeb704c0fa5d73aaa"))

    _, end = desk.calls()

    assert Outcome.SUCCESS == end.outcome


def test_a_decision_whose_confirmation_was_lost_is_read_from_the_batch(desk: Desk) -> None:
    told = payload("PreToolUse-Bash", tool_input=DESTRUCTIVE)
    desk.hear(told)
    item = {key: told[key] for key in ("tool_name", "tool_input", "tool_use_id")}
    item["tool_response"] = "PreToolUse:Bash hook error: Blocked by AgenticAudit: …"

    desk.hear(payload("PostToolBatch", session_id=told["session_id"], tool_calls=[item]))

    _, end = desk.calls()
    assert "policy_block" == end.error_type


def test_the_refusal_says_why_first_and_then_how_to_go_on(desk: Desk) -> None:
    reply = desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE))

    reason = json.loads(reply.stdout)["hookSpecificOutput"]["permissionDecisionReason"]

    first, *rest = reason.splitlines()
    assert first.startswith("Blocked by AgenticAudit: ")
    assert "policy version 4 blocks from high on" in rest[-1]
    assert "administrator" in rest[-1]


def test_what_waited_in_the_inbox_is_recorded_as_let_through(desk: Desk) -> None:
    reply = desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE), Heard.LATE)

    (call,) = desk.calls()

    assert b"" == reply.stdout
    assert call.client_verdict is not None
    assert Decision.ALLOW == call.client_verdict.decision
    assert call.extra["hook_failed_open"] is True


def test_a_batch_repeats_nothing_and_adds_what_was_not_told(desk: Desk) -> None:
    told, end = payload("PreToolUse-Bash"), payload("PostToolUseFailure-Bash")
    desk.hear(told)
    desk.hear(end)
    known = {key: told[key] for key in ("tool_name", "tool_input", "tool_use_id")}
    known["tool_response"] = "Exit code 3"
    unknown = payload("PostToolBatch-unknown-tool")["tool_calls"]
    batch = payload("PostToolBatch", session_id=told["session_id"], tool_calls=[known, *unknown])

    desk.hear(batch)
    desk.hear(batch)

    ends = [call.call_id for call in desk.calls() if call.phase is Phase.ENDED]
    assert [told["tool_use_id"], unknown[0]["tool_use_id"]] == ends


def test_stop_abandons_the_main_agents_calls_and_session_end_the_rest(desk: Desk) -> None:
    main, sub = payload("PreToolUse-Bash"), payload("PreToolUse-Bash-in-subagent")
    sub["session_id"] = main["session_id"]
    desk.hear(main)
    desk.hear(sub)

    desk.hear(payload("Stop", session_id=main["session_id"]))
    after_stop = [c.call_id for c in desk.calls() if c.error_type == "abandoned"]
    desk.hear(payload("SessionEnd-other", session_id=main["session_id"]))
    after_end = [c.call_id for c in desk.calls() if c.error_type == "abandoned"]

    assert [main["tool_use_id"]] == after_stop
    assert [main["tool_use_id"], sub["tool_use_id"]] == after_end


def test_calls_of_which_nothing_is_heard_are_abandoned_by_age(desk: Desk) -> None:
    desk.hear(payload("PreToolUse-Bash"))

    desk.recorder.abandon_older_than(NOON_NS)
    young = len(desk.open)
    desk.recorder.abandon_older_than(NOON_NS + 2_000_000_000)

    assert (1, 0) == (young, len(desk.open))
    assert "abandoned" == desk.calls()[-1].error_type


def test_calls_of_a_killed_agent_end_soon_and_those_of_others_stay_open(desk: Desk) -> None:
    code = "import os, sys; print(os.fork() or '', flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as agent:
        assert agent.stdout is not None
        hook = max(agent.stdout.readline(), agent.stdout.readline()).decode().strip()
        desk.hear(payload("PreToolUse-Bash", session_id="killed"), pid=hook)
        agent.kill()
    desk.hear(payload("PreToolUse-Bash", session_id="other"), pid=str(os.getpid()))

    desk.recorder.abandon_of_the_dead(NOON_NS + 3_600 * 1_000_000_000)

    ends = [call for call in desk.calls() if call.phase is Phase.ENDED]
    assert [("killed", Outcome.UNKNOWN, "abandoned")] == [
        (call.session_id, call.outcome, call.error_type) for call in ends
    ]


def test_open_and_ended_calls_survive_a_crash(desk: Desk) -> None:
    first, second = payload("PreToolUse-Bash"), payload("PreToolUse-Bash", tool_use_id="toolu_2")
    desk.hear(first)
    desk.hear(second)
    desk.hear(payload("PostToolUseFailure-Bash"))

    desk.restart()
    desk.hear(payload("SessionEnd-other", session_id=first["session_id"]))

    ends = [(c.call_id, c.error_type) for c in desk.calls() if c.phase is Phase.ENDED]
    assert [(first["tool_use_id"], "tool_error"), ("toolu_2", "abandoned")] == ends


def test_a_torn_journal_costs_no_more_than_its_last_line(desk: Desk) -> None:
    desk.hear(payload("PreToolUse-Bash"))
    journal = desk.folder / "open-calls"
    journal.write_bytes(journal.read_bytes() + b'o{"v":1,"at":0,"call":{"sess\nx\n\n')

    desk.restart()

    assert 1 == len(desk.open)


def test_a_person_is_asked_where_the_policy_asks(desk: Desk) -> None:
    desk.policy = replace(PARANOID, block_on=RiskLevel.CRITICAL, ask_on=RiskLevel.LOW)

    reply = desk.hear(payload("PreToolUse-Bash"))

    (request,) = desk.calls()
    said = json.loads(reply.stdout)["hookSpecificOutput"]
    assert "ask" == said["permissionDecision"]
    assert said["permissionDecisionReason"].startswith("AgenticAudit asks before this runs: ")
    assert (None, Decision.ASK) == (reply.stopped, decision_of(request))


def test_an_agent_that_cannot_ask_is_told_to_stop(desk: Desk) -> None:
    desk.policy = replace(PARANOID, block_on=RiskLevel.CRITICAL, ask_on=RiskLevel.LOW)
    desk.agent = codex

    reply = desk.hear(payload("PreToolUse-Bash"))

    assert "deny" == json.loads(reply.stdout)["hookSpecificOutput"]["permissionDecision"]
    assert reply.stopped is not None


# --- when something fails -----------------------------------------------------------------------


def test_a_request_is_let_through_once_the_server_has_acknowledged_it(desk: Desk) -> None:
    desk.policy = REMOTE

    reply = desk.hear(payload("PreToolUse-Bash"))

    (number,) = [number for number, _ in desk.awaited]
    assert Reply() == reply
    assert desk.spool.read(1000, 1 << 30)[-1][0] + 1 == number


def test_a_request_that_the_server_did_not_acknowledge_is_refused_and_recorded_so(
    desk: Desk,
) -> None:
    desk.policy, desk.trouble = REMOTE, "Nothing answers at http://localhost:8000."

    reply = desk.hear(payload("PreToolUse-Bash"))
    desk.recorder.confirm(reply)

    request, end = desk.calls()
    assert b"has not acknowledged the record of this call in time" in reply.stdout
    assert b"Nothing answers at" in reply.stdout
    assert [Decision.ALLOW, Decision.BLOCK] == [decision_of(request), decision_of(end)]
    assert ("policy_block", True) == (end.error_type, end.extra["hook_failed_closed"])


def test_under_an_open_policy_a_missing_receipt_stops_nothing(desk: Desk) -> None:
    desk.policy = replace(REMOTE, on_failure=OnFailure.OPEN)
    desk.trouble = "Nothing answers."

    assert Reply() == desk.hear(payload("PreToolUse-Bash"))


def test_what_the_policy_blocks_waits_for_no_receipt(desk: Desk) -> None:
    desk.policy = replace(PARANOID, require_remote_record=True)

    reply = desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE))

    assert reply.stopped is not None
    assert [] == desk.awaited


@pytest.mark.parametrize("ahead_s", [5, 1e6], ids=["soon", "beyond all reason"])
def test_a_receipt_is_not_waited_for_longer_than_the_client_waits(
    desk: Desk, ahead_s: float
) -> None:
    desk.policy = REMOTE
    until_ns = time.monotonic_ns() + int(ahead_s * 1e9)

    desk.hear(payload("PreToolUse-Bash"), **{UNTIL: str(until_ns)})

    ((_, seconds),) = desk.awaited
    assert 0 <= seconds <= max(0.0, min(ahead_s, MAX_WAIT_SECONDS))


@pytest.mark.parametrize(
    ("policy", "decided"),
    [(CLOSED, Decision.BLOCK), (PARANOID, Decision.ALLOW)],
    ids=["closed", "open"],
)
def test_a_client_that_has_given_up_did_as_the_policy_says_of_failures(
    desk: Desk, policy: Policy, decided: Decision
) -> None:
    desk.policy = policy
    told = payload("PreToolUse-Bash", tool_input=DESTRUCTIVE)

    reply = desk.hear(told, **{UNTIL: str(time.monotonic_ns() - 1)})

    assert (decided is Decision.BLOCK) == (b"does not answer" in reply.stdout)
    assert decided == decision_of(desk.calls()[0])
    assert 0 == len(desk.open) or decided is Decision.ALLOW


@pytest.mark.parametrize("by_s", [-1e6, 1e6], ids=["back", "ahead"])
def test_a_clock_that_is_set_changes_no_decision(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, by_s: float
) -> None:
    told = payload("PreToolUse-Bash", tool_input=DESTRUCTIVE)
    until_ns = time.monotonic_ns() + 5_000_000_000
    wrong_ns = time.time_ns() + int(by_s * 1e9)
    monkeypatch.setattr(time, "time_ns", lambda: wrong_ns)

    reply = desk.hear(told, **{UNTIL: str(until_ns)})

    assert b"deny" in reply.stdout
    assert Decision.BLOCK == decision_of(desk.calls()[0])


def test_a_call_that_cannot_be_recorded_is_refused_where_the_policy_fails_closed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.policy = CLOSED
    monkeypatch.setattr(desk.spool, "append", _full)

    reply = desk.hear(payload("PreToolUse-Bash"))

    assert b"could not be recorded" in reply.stdout
    assert b"agentaudit-hook doctor" in reply.stdout


def test_a_call_that_the_client_refused_by_itself_is_recorded_as_blocked(desk: Desk) -> None:
    desk.policy = CLOSED

    reply = desk.hear(payload("PreToolUse-Bash"), Heard.REFUSED)

    request, end = desk.calls()
    assert Reply() == reply
    assert [Decision.BLOCK, Decision.BLOCK] == [decision_of(request), decision_of(end)]
    assert end.error_message is not None
    assert "does not answer" in end.error_message
    assert 0 == len(desk.open)


def _full(*_: object, **__: object) -> int:
    raise OSError(28, "No space left on device")


# --- numbers and heartbeats ---------------------------------------------------------------------


def test_the_records_of_a_session_are_numbered_without_a_gap_through_restarts(desk: Desk) -> None:
    desk.hear(payload("SessionStart-startup", session_id="a"))
    desk.hear(payload("PreToolUse-Bash", session_id="a"))
    desk.hear(payload("PreToolUse-Bash", session_id="b"))
    desk.restart()
    desk.hear(payload("PostToolUseFailure-Bash", session_id="a"))
    desk.hear(payload("SessionEnd-other", session_id="b"))

    numbered = [(one.session_id, one.client_sequence) for one in desk.records()]

    assert [("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2), ("b", 3)] == numbered


def test_a_record_that_is_told_again_keeps_its_number(desk: Desk) -> None:
    desk.hear(payload("PreToolUse-Bash"))
    desk.second -= 1
    desk.restart()
    desk.hear(payload("PreToolUse-Bash"))
    desk.hear(payload("PostToolUseFailure-Bash"))

    assert [1, 1, 2] == [one.client_sequence for one in desk.records()]


def test_a_record_that_the_disk_did_not_take_leaves_a_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.hear(payload("SessionStart-startup", session_id="a"))
    with monkeypatch.context() as full:
        full.setattr(desk.spool, "append", _full)
        desk.hear(payload("PreToolUse-Bash", session_id="a"))
    desk.hear(payload("SessionEnd-other", session_id="a"))

    assert [1, 3, 4] == [one.client_sequence for one in desk.records()]


def test_an_open_session_beats_until_it_ends(desk: Desk) -> None:
    desk.hear(payload("SessionStart-startup", session_id="a"))
    desk.hear(payload("SessionStart-startup", session_id="b"))
    desk.hear(payload("SessionEnd-other", session_id="b"))
    in_an_hour_ns = time.time_ns() + 3_600_000_000_000

    desk.recorder.beat(time.time_ns(), 300_000_000_000, waiting=0)
    desk.recorder.beat(in_an_hour_ns, 300_000_000_000, waiting=7)
    desk.recorder.beat(in_an_hour_ns + 1, 300_000_000_000, waiting=8)
    desk.recorder.beat(in_an_hour_ns, 0, waiting=9)

    beats = [one for one in desk.records() if isinstance(one, Fact) and one.name == "Heartbeat"]
    assert [("a", EventKind.HEARTBEAT, 2)] == [
        (one.session_id, one.kind, one.client_sequence) for one in beats
    ]
    told = {"interval_seconds": 300, "hook_version": __version__, "waiting": 7}
    assert [told] == [dict(one.data) for one in beats]


class BrokenJudge:
    def examine(self, *_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret: hunter2")


@pytest.mark.parametrize(
    ("policy", "heard", "is_blocked"),
    [
        (PARANOID, Heard.LIVE, True),
        (replace(PARANOID, block_on=RiskLevel.CRITICAL), Heard.LIVE, False),
        (PARANOID, Heard.LATE, False),
        (CLOSED, Heard.LIVE, True),
    ],
    ids=["blocks high", "blocks critical only", "has run already", "fails closed"],
)
def test_a_call_that_breaks_the_judge_does_not_get_round_a_policy_that_blocks(
    tmp_path: Path, policy: Policy, heard: Heard, is_blocked: bool
) -> None:
    desk = Desk(tmp_path, BrokenJudge(), policy)

    reply = desk.hear(payload("PreToolUse-Bash"), heard)

    assert is_blocked == (b"could not be judged" in reply.stdout)
    assert is_blocked == (reply.stopped is not None)


def test_an_entry_that_fails_closed_counts_as_a_policy_that_does(
    tmp_path: Path, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").mkdir()
    broken, desk = (
        Desk(tmp_path / "broken", BrokenJudge(), Policy()),
        Desk(tmp_path, judge, Policy()),
    )
    by_entry = {FAILS_CLOSED: "1"}

    unjudged = broken.hear(payload("PreToolUse-Bash"), **by_entry)
    monkeypatch.setattr(desk.spool, "append", _full)
    unrecorded = desk.hear(payload("PreToolUse-Bash", tool_use_id="toolu_2"), **by_entry)
    let_be = desk.hear(payload("PreToolUse-Bash", tool_use_id="toolu_3"))

    assert b"could not be judged" in unjudged.stdout
    assert b"could not be recorded" in unrecorded.stdout
    assert Reply() == let_be


def test_a_fault_in_the_judge_costs_the_content_and_never_the_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path, BrokenJudge(), Policy())

    with caplog.at_level(logging.INFO):
        reply = desk.hear(payload("PreToolUse-Bash"))
        desk.hear(payload("UserPromptSubmit"))

    call, fact = desk.records()
    assert b"" == reply.stdout
    assert isinstance(call, ToolCall)
    assert isinstance(fact, Fact)
    assert {} == call.arguments
    assert {"hook_fault": "content left out: ZeroDivisionError"} == call.extra == fact.data
    assert "hunter2" not in caplog.text


def test_a_full_disk_is_told_and_the_decision_still_stands(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.spool, "append", _full)

    reply = desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE))

    assert b"deny" in reply.stdout
    assert "No space left on device" in desk.status.problems["spool"]


def test_where_nobody_can_be_asked_the_call_is_stopped_with_a_reason(desk: Desk) -> None:
    desk.policy = replace(PARANOID, block_on=RiskLevel.CRITICAL, ask_on=RiskLevel.LOW)

    reply = desk.hear(payload("PreToolUse-Bash"), CLAUDE_CODE_ENTRYPOINT="sdk-cli")

    said = json.loads(reply.stdout)["hookSpecificOutput"]
    assert "deny" == said["permissionDecision"]
    assert "nobody can be asked here" in said["permissionDecisionReason"]
    assert reply.stopped is not None
    assert "policy_block" == reply.stopped.error_type


def test_a_secret_in_the_output_is_kept_from_the_model_where_the_policy_wants_that(
    desk: Desk,
) -> None:
    token = "AKIAQ3EGV7RTN5WLKZ2M"
    told = payload("PostToolUse-Bash", tool_response={"stdout": f"key {token}", "stderr": ""})
    desk.policy = replace(PARANOID, redact_output=True)

    shown = json.loads(desk.hear(told).stdout)["hookSpecificOutput"]
    plain = desk.hear(payload("PostToolUse-Bash", tool_use_id="toolu_plain"))
    again = desk.hear(told | {"tool_use_id": "toolu_late"}, Heard.LATE)
    desk.policy = PARANOID
    unwanted = desk.hear(told | {"tool_use_id": "toolu_off"})

    assert "PostToolUse" == shown["hookEventName"]
    assert {"stdout", "stderr"} == set(shown["updatedToolOutput"])
    assert shown["updatedToolOutput"]["stdout"].startswith("key [secret:aws_access_key:20:")
    assert (b"", b"", b"") == (plain.stdout, again.stdout, unwanted.stdout)


def test_a_large_output_is_shown_whole_but_for_its_secrets(desk: Desk) -> None:
    token = "AKIAQ3EGV7RTN5WLKZ2M"
    lines = [f"line {number} of a long build log" for number in range(60_000)]
    lines[30_000] = f"key {token}"
    told = payload("PostToolUse-Bash", tool_response={"stdout": "\n".join(lines), "code": 0})
    desk.policy = replace(PARANOID, redact_output=True)

    shown = json.loads(desk.hear(told).stdout)["hookSpecificOutput"]["updatedToolOutput"]

    (call,) = desk.calls()
    seen = shown["stdout"].split("\n")
    assert call.truncated
    assert seen[30_000].startswith("key [secret:aws_access_key:20:")
    assert lines[:30_000] + lines[30_001:] == seen[:30_000] + seen[30_001:]
    assert 0 == shown["code"]


def test_an_output_that_cannot_be_searched_is_kept_from_the_model(desk: Desk) -> None:
    desk.judge = BrokenJudge()
    desk.restart()
    desk.policy = replace(PARANOID, redact_output=True)

    shown = json.loads(desk.hear(payload("PostToolUse-Bash")).stdout)["hookSpecificOutput"]

    assert "could not be searched for secrets" in shown["updatedToolOutput"]["stdout"]


def test_what_is_kept_back_comes_neither_to_spool_nor_journal(desk: Desk) -> None:
    desk.policy = replace(PARANOID, capture=CapturePolicy(arguments=Capture.OFF))

    reply = desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE))
    desk.recorder.confirm(reply)
    on_disk = b"".join(p.read_bytes() for p in desk.folder.rglob("*") if p.is_file())

    request, end = desk.calls()
    assert b"no-preserve-root" not in on_disk
    assert b"no-preserve-root" in reply.stdout or b"delete" in reply.stdout.lower()
    assert request.client_verdict is not None
    assert "destructive.delete_everything" in request.client_verdict.rule_ids
    assert (None, "policy_block") == (end.error_message, end.error_type)


def test_an_abandoned_call_keeps_the_level_it_was_given_when_all_of_it_was_there(
    desk: Desk,
) -> None:
    desk.policy = replace(
        PARANOID, blocking_enabled=False, capture=CapturePolicy(arguments=Capture.OFF)
    )
    told = payload("PreToolUse-Bash", tool_input=DESTRUCTIVE)

    desk.hear(told)
    desk.hear(payload("SessionEnd-other", session_id=told["session_id"]))

    request, end = desk.calls()
    assert "abandoned" == end.error_type
    assert request.client_verdict == end.client_verdict
    assert request.reduced == end.reduced == ("arguments: off",)


@pytest.mark.parametrize("is_confirmed_first", [True, False])
def test_a_stopped_call_ends_once_though_its_turn_ends_at_the_same_moment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_confirmed_first: bool
) -> None:
    told = payload("PreToolUse-Bash", tool_input=DESTRUCTIVE)
    stop = payload("Stop", session_id=told["session_id"])
    reply = desk.hear(told)
    first: Callable[[], object] = partial(desk.recorder.confirm, reply)
    then: Callable[[], object] = partial(desk.hear, stop)
    if not is_confirmed_first:
        first, then = then, first
    keep = Keeper.keep

    def keep_while_the_other_comes(keeper: Keeper, records: Any) -> int:
        monkeypatch.setattr(Keeper, "keep", keep)
        then()
        return keep(keeper, records)

    monkeypatch.setattr(Keeper, "keep", keep_while_the_other_comes)
    first()

    ends = [(call.error_type, call.outcome) for call in desk.calls() if call.ended_ns]
    assert [("policy_block", Outcome.FAILURE)] == ends


def test_an_end_that_the_disk_did_not_take_is_not_claimed_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = payload("PreToolUse-Bash")
    stop = payload("Stop", session_id=told["session_id"])
    desk.hear(told)

    def full(*_: object) -> int:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(Keeper, "keep", full)
        with pytest.raises(OSError, match="disk full"):
            desk.hear(stop, Heard.LATE)
    desk.hear(stop, Heard.LATE)

    assert ["abandoned"] == [call.error_type for call in desk.calls() if call.ended_ns]
