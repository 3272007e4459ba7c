"""The recorder: what comes to lie in the spool for each way in which a call can go."""

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agentaudit_hook.agents import claude_code
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.recorder import Recorder, Reply
from agentaudit_hook.relay.records import unpack_record
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_processor.model import (
    Activity,
    Decision,
    Fact,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
)
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import LoggingLevel, Policy
from tests.support.builders import NOON_NS
from tests.support.hook import payload

PARANOID = Policy(
    version=4,
    logging_level=LoggingLevel.PARANOID,
    blocking_enabled=True,
    block_on=RiskLevel.HIGH,
    digest_key=b"k" * 32,
)
ROOM = 1 << 30
DESTRUCTIVE = {"command": "rm -rf / --no-preserve-root"}


@dataclass
class Desk:
    """A Recorder with its neighbours, in a folder of its own."""

    folder: Path
    judge: Any
    policy: Policy = PARANOID
    second: int = 0

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
            status=self.status,
        )

    def hear(self, told: dict[str, Any], *, live: bool = True) -> Reply:
        self.second += 1
        at_ns = NOON_NS + self.second * 1_000_000_000
        body = json.dumps(told).encode()
        event = Told(verb="event", body=body, at_ns=at_ns, cwd="/", env={})
        return self.recorder.take(claude_code, event, live=live)

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
    reply = desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE), live=False)

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


class BrokenJudge:
    def examine(self, *_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret: hunter2")


@pytest.mark.parametrize(
    ("block_on", "live", "is_blocked"),
    [
        (RiskLevel.HIGH, True, True),
        (RiskLevel.CRITICAL, True, False),
        (RiskLevel.HIGH, False, False),
    ],
    ids=["blocks high", "blocks critical only", "has run already"],
)
def test_a_call_that_breaks_the_judge_does_not_get_round_a_policy_that_blocks(
    tmp_path: Path, block_on: RiskLevel, live: bool, is_blocked: bool
) -> None:
    desk = Desk(tmp_path, BrokenJudge(), replace(PARANOID, block_on=block_on))

    reply = desk.hear(payload("PreToolUse-Bash"), live=live)

    assert is_blocked == (b"could not be judged" in reply.stdout)
    assert is_blocked == (reply.stopped is not None)


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
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(desk.spool, "append", full)

    reply = desk.hear(payload("PreToolUse-Bash", tool_input=DESTRUCTIVE))

    assert b"deny" in reply.stdout
    assert "No space left on device" in desk.status.problems["spool"]
