"""Large requests: judged by other processes once there are some, and before that one at a time."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from agentaudit_processor.model import AuditEvent
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.ports import Caller
from agentaudit_processor.receivers import ingest
from agentaudit_processor.receivers.decode import Media
from agentaudit_processor.receivers.ingest import WORTH_SENDING, Ingest
from agentaudit_processor.receivers.judging import Done, Figures, Work
from tests.support.builders import a_tool_call
from tests.support.otlp import ORGANIZATION, DefaultPolicy, MemoryGate, hook_traces

CALLER = Caller(organization_id=ORGANIZATION, key_id=1, role="ingest")
FIGURES = Figures(
    accepted=1, refused=0, message="", judge_failures=0, sorts=Counter(), judging_s=0.0
)


class LateWorkers:
    """Processes that are not ready until they are told to be."""

    count = 1

    def __init__(self) -> None:
        self.ready = Event()
        self.stored: list[Any] = []

    def judge(self, _work: Work) -> Done | None:
        return Done(figures=FIGURES, batch=["judged"], onward=()) if self.ready.is_set() else None

    def store(self, _organization_id: int, batch: Any) -> None:
        self.stored.append(batch)


class SlowStore:
    """Takes no write before it is told to."""

    def __init__(self) -> None:
        self.entered, self.released = Event(), Event()
        self.written: list[Sequence[AuditEvent]] = []

    def write(self, _organization_id: int, events: Sequence[AuditEvent]) -> None:
        self.entered.set()
        self.released.wait()
        self.written.append(events)


def a_large_body() -> bytes:
    call = a_tool_call(result={"stdout": "x" * WORTH_SENDING})
    return hook_traces(call).SerializeToString()


def test_one_large_request_is_judged_here_and_those_behind_it_elsewhere_once_somebody_is_ready(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_LOOK_S", 0.01)
    workers, store = LateWorkers(), SlowStore()
    taking = Ingest(
        gate=MemoryGate(), policies=DefaultPolicy(), judge=judge, store=store, elsewhere=workers
    )
    body = a_large_body()

    with ThreadPoolExecutor() as pool:
        first = pool.submit(taking.take_body, TRACES, CALLER, Media.PROTOBUF, body)
        store.entered.wait()
        others = [
            pool.submit(taking.take_body, TRACES, CALLER, Media.PROTOBUF, body) for _ in range(2)
        ]
        workers.ready.set()
        for other in others:
            other.result()
        store.released.set()
        first.result()

    assert [["judged"]] * 2 == workers.stored
    assert 1 == len(store.written)
