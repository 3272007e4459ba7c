"""Try a hook event: parse, judge, record and answer as the relay does, and keep nothing of it."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentaudit_hook.agents.recognise import agent_of, split_argument
from agentaudit_hook.agents.shape import Heard as Said
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.judging import load_judge
from agentaudit_hook.places import Place
from agentaudit_hook.relay.decided import Heard
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.policy_cache import PolicyCache
from agentaudit_hook.relay.recorder import Recorder
from agentaudit_hook.relay.sequences import Sequences
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.settings import Settings
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import Finding, Verdict
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a hook event would lead to."""

    event_name: str
    summary: str
    """"" where the event asks for no call."""
    findings: tuple[Finding, ...]
    verdict: Verdict | None
    answer: bytes
    """What the agent would read on stdout."""
    event_id: str
    """Of the call, once it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A hook event to try."""

    verb: str
    argument: str
    """What follows the verb."""
    body: bytes


def try_event(sample: Sample, settings: Settings, place: Place, env: Mapping[str, str]) -> Outcome:
    """What the relay would do with it, under the policy last fetched."""
    agent_name, event_name = split_argument(sample.argument)
    agent = agent_of(agent_name, sample.body)
    told = Told(
        verb=sample.verb,
        argument=event_name,
        body=sample.body,
        at_ns=time.time_ns(),
        cwd=str(Path.cwd()),
        env=env,
    )
    said: Said = agent.parse(told)
    judge, _ = load_judge(settings)
    with _recorder(judge, settings, place) as (recorder, policy):
        answer = recorder.take(agent, told, Heard.LIVE).stdout
    call = said.requested
    if call is None:
        return Outcome(
            event_name=said.event_name,
            summary="",
            findings=(),
            verdict=None,
            answer=answer,
            event_id="",
        )
    exam = judge_under(judge, policy).examine(call, digest_key=policy.digest_key)
    event = exam.event(policy)
    return Outcome(
        event_name=said.event_name,
        summary=f"{call.tool_name}: {event.summary}",
        findings=event.findings,
        verdict=event.verdict,
        answer=answer,
        event_id=event_id_of(call.session_id, call.call_id),
    )


@contextmanager
def _recorder(judge: Judge, settings: Settings, place: Place) -> Iterator[tuple[Recorder, Policy]]:
    """The relay's recorder over a folder that goes again; what it keeps is never sent."""
    with tempfile.TemporaryDirectory(prefix="agentaudit-test-") as name:
        folder = Path(name)
        kept = Path(place.state, "policy.json")
        if kept.exists():
            shutil.copy2(kept, folder / "policy.json")
        status = StatusFile(folder / "status.json", time.time_ns)
        cache = PolicyCache(settings, folder / "policy.json", status)
        cache.stop()  # it asks no server: what was fetched last is in force here too
        policy = cache.current()
        spool = Spool(folder / "spool")
        recorder = Recorder(
            judge=judge,
            policy=lambda: policy,
            keeper=Keeper(spool, settings.spool_max_bytes, status),
            open_calls=OpenCalls(folder / "open-calls"),
            sequences=Sequences(folder / "sequences"),
            status=status,
            await_delivery=lambda _number, _seconds: None,
        )
        try:
            yield recorder, policy
        finally:
            spool.close()
