"""What one span costs of processor time, stage by stage, each alone on one core.

`python -m tests.bench stages`. The least of several rounds of one batch each: other work on the
machine makes a round dearer, never cheaper.
"""

import gc
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agentaudit_backend.store.parts import Part, parts_of
from agentaudit_backend.store.store import Store
from agentaudit_backend.workers.memory import GARBAGE_OF_A_REQUEST, settle, tidy
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.decode import Media, decode
from agentaudit_processor.receivers.reading import read
from tests.bench.ingest_bodies import BATCH, bodies_of
from tests.support.postgres import postgres_server
from tests.support.processes import cpu_s

ROUNDS = 24
WARM_UP = 4
BATCHES_A_COMMIT = 4
_US = 1e6 / BATCH


def main() -> None:
    """Print the table, in µs a span."""
    judge = Judge.load()
    judge.speed_up()
    bodies = list(bodies_of(ROUNDS + WARM_UP))
    settle(GARBAGE_OF_A_REQUEST)
    batches: list[list[Part]] = []
    for name, cost in _worker_stages(judge, bodies, batches):
        _say(name, cost)
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        ours, _ = _stored(f"sqlite:///{Path(folder) / 'bench.db'}", batches, lambda: 0.0)
        _say("store, SQLite", ours)
    with postgres_server(durable=True) as postgres:
        ours, theirs = _stored(postgres.new_database(), batches, lambda: cpu_s(postgres.pid))
        _say("store, PostgreSQL: here", ours)
        _say("store, PostgreSQL: its own processes", theirs)


def _say(name: str, cost_us: float) -> None:
    print(f"{name:44}{cost_us:8.1f} µs", flush=True)


def _worker_stages(
    judge: Judge, bodies: Sequence[bytes], batches: list[list[Part]]
) -> Iterator[tuple[str, float]]:
    """Each stage of a worker with its cost; what came of it goes to `batches`."""
    policy = Policy(version=1)
    costs: dict[str, list[float]] = {}
    pickled: list[bytes] = []

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        began = time.thread_time()
        yield
        costs.setdefault(name, []).append(time.thread_time() - began)

    for body in bodies:
        with stage("bytes to message"):
            request = decode(TRACES, Media.PROTOBUF, body)
        with stage("message to tool calls"):
            calls = [activity for _, activity in read(request).read]
        with stage("judged: what was found"):
            examined = judge.examine_all(calls, digest_key=policy.digest_key)
        with stage("judged: verdict, controls, masked"):
            events = [one.event(policy) for one in examined]
        with stage("rows, texts, commitments"):
            parts = parts_of(1, events, policy.logging_level)
        with stage("pickled"):
            told = pickle.dumps(parts, pickle.HIGHEST_PROTOCOL)
        with stage("tidied"):
            del request, calls, examined, events, parts
            tidy()
        pickled.append(told)
    for told in pickled:
        with stage("unpickled by the server"):
            batches.append(pickle.loads(told))
    for name, each in costs.items():
        yield name, _least(each[WARM_UP:])


def _stored(
    url: str, batches: Sequence[list[Part]], database_s: Callable[[], float]
) -> tuple[float, float]:
    """µs a span of our own time and of the database's, several batches a commit as a busy writer
    has them. The store writes in a thread of its own."""
    store = Store.open(url)
    store.migrate()
    store.first_start()
    organization_id = store.default_organization()
    ours, theirs = [], []
    for first in range(0, len(batches), BATCHES_A_COMMIT):
        parts = [part for batch in batches[first : first + BATCHES_A_COMMIT] for part in batch]
        began, database_began = time.process_time(), database_s()
        store.write_parts(organization_id, parts)
        ours.append((time.process_time() - began) / BATCHES_A_COMMIT)
        theirs.append((database_s() - database_began) / BATCHES_A_COMMIT)
    store.close()
    return _least(ours[1:]), sum(theirs[1:]) / len(theirs[1:]) * _US


def _least(each: Sequence[float]) -> float:
    """µs a span of the cheaper half of the rounds, its middle."""
    return sorted(each)[len(each) // 4] * _US


if __name__ == "__main__":
    main()
