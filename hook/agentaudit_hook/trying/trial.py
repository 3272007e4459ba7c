"""Try a hook event: parse, judge, record and answer as the relay does, and keep nothing of it."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentaudit_hook.agents.recognise import agent_of, split_argument
from agentaudit_hook.judging import load_judge
from agentaudit_hook.places import Place
from agentaudit_hook.relay.desk import Desk
from agentaudit_hook.relay.policy_cache import PolicyCache
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.settings import Settings
from agentaudit_processor.model import Finding, Verdict
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a hook event would lead to."""

    event_name: str
    answer: bytes
    """What the agent would read on stdout."""
    summary: str = ""
    """Of the call; it and what follows only where the event asks for one."""
    findings: tuple[Finding, ...] = ()
    verdict: Verdict | None = None
    event_id: str = ""
    """Of the call, once it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A hook event to try."""

    verb: str
    argument: str
    """What follows the verb."""
    body: bytes


def try_event(sample: Sample, settings: Settings, place: Place) -> Outcome:
    """What the relay would do with it, under the policy last fetched."""
    agent_name, event_name = split_argument(sample.argument)
    header = {
        "verb": sample.verb,
        "argument": sample.argument,
        "cwd": str(Path.cwd()),
        "at_ns": str(time.time_ns()),
    }
    judge, _ = load_judge(settings)
    with _desk(judge, settings, place) as (desk, policy):
        said = agent_of(agent_name, sample.body).parse(desk.told(header, sample.body, event_name))
        answer = desk.hear(header, sample.body).stdout
    call = said.requested
    if call is None:
        return Outcome(event_name=said.event_name, answer=answer)
    judged = judge_under(judge, policy).examine(call, digest_key=policy.digest_key).event(policy)
    return Outcome(
        event_name=said.event_name,
        summary=f"{call.tool_name}: {judged.summary}",
        findings=judged.findings,
        verdict=judged.verdict,
        answer=answer,
        event_id=judged.event_id,
    )


@contextmanager
def _desk(judge: Judge, settings: Settings, place: Place) -> Iterator[tuple[Desk, Policy]]:
    """The relay's desk over a folder that goes again; what it keeps is never sent."""
    with tempfile.TemporaryDirectory(prefix="agentaudit-test-") as name:
        folder = Path(name)
        kept = Path(place.state, "policy.json")
        if kept.exists():
            shutil.copy2(kept, folder / "policy.json")
        status = StatusFile(folder / "status.json", time.time_ns)
        cache = PolicyCache(settings, folder / "policy.json", status)
        cache.stop()  # it asks no server: what was fetched last is in force here too
        policy, spool = cache.current(), Spool(folder / "spool")
        try:
            yield (
                Desk(
                    folder,
                    settings,
                    status,
                    judge=judge,
                    policy=lambda: policy,
                    spool=spool,
                    await_delivery=lambda _number, _seconds: None,
                ),
                policy,
            )
        finally:
            spool.close()
