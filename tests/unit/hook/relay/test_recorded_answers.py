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
CAN_ASK = ("claude-code", "gemini-cli", "copilot-cli")


def answered(
    folder: Path, judge: Judge, answer: Answer, request: tuple[str, bytes, str, str]
) -> tuple[bytes, list[ToolCall], ModuleType]:
    """What is printed, and what is on record once the agent has it."""
    policy = Policy(
        logging_level=LoggingLevel.PARANOID,
        blocking_enabled=True,
        block_on=RiskLevel.CRITICAL,
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
