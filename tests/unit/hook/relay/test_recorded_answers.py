"""Every recorded request of every agent, blocked and asked about: what is printed and recorded."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agentaudit_hook.agents.recognise import AGENTS
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.relay.decided import Heard
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.recorder import Recorder
from agentaudit_hook.relay.records import unpack_record
from agentaudit_hook.relay.sequences import Sequences
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_processor.model import Decision, RiskLevel, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Answer, LoggingLevel, Policy
from tests.support.agents import RECORDINGS
from tests.support.builders import NOON_NS
from tests.support.hook import PAYLOADS

REQUESTS = [
    ("claude-code", path.read_bytes(), "event", "") for path in sorted(PAYLOADS.glob("PreTool*"))
]
for one in RECORDINGS:
    for name in one.order:
        if name.partition("-")[0] in ("PreToolUse", "BeforeTool", "preToolUse"):
            verb, *rest = one.command(name)
            event = rest[0] if rest[0] != "--agent" else ""
            REQUESTS.append((one.agent, json.dumps(one.payload(name)).encode(), verb, event))
NAMES = [f"{agent}-{number}" for number, (agent, *_) in enumerate(REQUESTS)]
HIGH = RiskLevel.HIGH
CAN_ASK = ("claude-code", "gemini-cli", "copilot-cli")


def answered(
    folder: Path,
    judge: Judge,
    answer: Answer,
    request: tuple[str, bytes, str, str],
    block_on: RiskLevel = RiskLevel.CRITICAL,
) -> tuple[bytes, list[ToolCall], ModuleType]:
    """What is printed, and what is on record once the agent has it."""
    policy = Policy(
        logging_level=LoggingLevel.PARANOID,
        blocking_enabled=True,
        block_on=block_on,
        tool_answers={"*": answer},
    )
    spool, status = Spool(folder / "spool"), StatusFile(folder / "status.json", lambda: NOON_NS)
    recorder = Recorder(
        judge=judge,
        policy=lambda: policy,
        keeper=Keeper(spool, 1 << 30, status),
        open_calls=OpenCalls(folder / "open-calls"),
        sequences=Sequences(folder / "sequences"),
        status=status,
        await_delivery=lambda _number, _seconds: None,
    )
    name, body, verb, argument = request
    agent = AGENTS[name]
    told = Told(verb=verb, argument=argument, body=body, at_ns=NOON_NS, cwd="/", env={})
    reply = recorder.take(agent, told, Heard.LIVE)
    recorder.confirm(reply)
    records: list[Any] = [unpack_record(packed)[0] for _, packed in spool.read(100, 1 << 30)]
    return reply.stdout, records, agent


@pytest.mark.parametrize("request_", REQUESTS, ids=NAMES)
def test_a_blocked_request_is_answered_and_ended(
    request_: tuple[str, bytes, str, str], judge: Judge, tmp_path: Path
) -> None:
    stdout, (asked, ended), agent = answered(tmp_path, judge, Answer.BLOCK, request_)

    assert agent.deny(ended.error_message) == stdout
    assert asked.client_verdict is not None
    assert Decision.BLOCK == asked.client_verdict.decision
    assert ("policy_block", asked.call_id) == (ended.error_type, ended.call_id)


@pytest.mark.parametrize("request_", REQUESTS, ids=NAMES)
def test_a_person_is_asked_about_a_request_by_agents_that_can(
    request_: tuple[str, bytes, str, str], judge: Judge, tmp_path: Path
) -> None:
    stdout, (asked, *ended), agent = answered(tmp_path, judge, Answer.ASK, request_)

    assert asked.client_verdict is not None
    assert Decision.ASK == asked.client_verdict.decision
    if request_[0] in CAN_ASK:
        assert b'"ask"' in stdout
        assert [] == ended
    else:
        assert agent.deny(ended[0].error_message) == stdout


DEEP = b'{"hook_event_name": "PreToolUse", "tool_input": ' + b"[" * 3000 + b"]" * 3000 + b"}"


@pytest.mark.parametrize("body", [b"", b"{", DEEP, b"[1]", b"\xff"])
def test_a_request_that_cannot_be_read_is_refused_where_faults_are(
    tmp_path: Path, judge: Judge, body: bytes
) -> None:
    stdout, records, _ = answered(tmp_path, judge, Answer.ALLOW, ("claude-code", body, "pre", ""))

    assert b"deny" not in stdout  # from critical on: a fault is high

    high = answered(tmp_path / "high", judge, Answer.ALLOW, ("claude-code", body, "pre", ""), HIGH)
    assert b'"deny"' in high[0]
    assert b"could be read" in high[0]
    assert 1 == len(records) == len(high[1])


def test_an_end_that_cannot_be_read_is_no_matter_for_refusal(tmp_path: Path, judge: Judge) -> None:
    request = ("claude-code", b"{", "post", "")

    assert b"" == answered(tmp_path, judge, Answer.ALLOW, request, HIGH)[0]


def test_padding_hides_nothing_from_the_judge(tmp_path: Path, judge: Judge) -> None:
    pad = "a" * 150_000
    command = f"true #{pad}\nrm -rf /\ntrue #{pad}"
    told = {
        "hook_event_name": "PreToolUse",
        "session_id": "s",
        "tool_name": "Bash",
        "tool_use_id": "t",
        "tool_input": {"command": command},
    }
    request = ("claude-code", json.dumps(told).encode(), "pre", "")

    stdout, records, _ = answered(tmp_path, judge, Answer.ALLOW, request, HIGH)

    assert b'"deny"' in stdout
    assert Decision.BLOCK is records[0].client_verdict.decision  # type: ignore[union-attr]
