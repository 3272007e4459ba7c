"""What it costs that each organisation has one gapless ledger: 1, 2 and 4 writers on PostgreSQL.

`python -m tests.bench contention`. The writers are processes with a connection each, and write
batches that are ready; once all for one organisation, whose ledger's end they lock in turn, once
each for its own, where none waits for another. What differs is the price of `seq`.
"""

import gc
import pickle
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from agentaudit_backend.store.columns import COLUMNS
from agentaudit_backend.store.control_words import ControlWords
from agentaudit_backend.store.database import open_engine, writing
from agentaudit_backend.store.ingest import write_parts
from agentaudit_backend.store.migrate import migrate
from agentaudit_backend.store.organizations import create_organization
from agentaudit_backend.store.parts import Part, parts_of
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import LoggingLevel
from tests.bench.store import BATCH, batches
from tests.support.postgres import postgres_server

WRITERS = (1, 2, 4)
BATCHES = 40
"""In all, whoever writes them."""
ROUNDS = 4


def main() -> None:
    """Print the table."""
    made = [parts_of(0, batch, LoggingLevel.FULL) for batch in batches(Judge.load(), BATCHES)]
    print(f"{BATCH} events a batch, {BATCHES} batches; events/s together, and a commit's median ms")
    print(f"{'writers':>8}{'one organisation':>26}{'one each':>18}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder, postgres_server(durable=True) as postgres:
        for writers in WRITERS:
            best = [(0.0, 0.0), (0.0, 0.0)]
            for _ in range(ROUNDS):  # of each the quickest: others use this machine too
                for place, organizations in enumerate((1, writers)):
                    url = postgres.new_database()
                    ids = _organizations(url, organizations)
                    run = _measured(url, ids, writers, made, Path(folder))
                    best[place] = max(best[place], run)
            (one, one_ms), (each, each_ms) = best
            print(
                f"{writers:8}{one:16,.0f} {one_ms:6.0f} ms{each:11,.0f} {each_ms:3.0f} ms"
                f"{one / each:8.2f}",
                flush=True,
            )


def _organizations(url: str, count: int) -> list[int]:
    engine = open_engine(url)
    migrate(engine)
    with writing(engine) as connection:
        now = datetime.now(UTC)
        ids = [create_organization(connection, f"{number}", now) for number in range(count)]
    engine.dispose()
    return ids


def _measured(
    url: str, organizations: list[int], writers: int, made: list[list[Part]], folder: Path
) -> tuple[float, float]:
    """Events a second of all writers together, and the median of a commit in ms."""
    command = [sys.executable, "-m", "tests.bench.contention"]
    running = []
    for number in range(writers):
        organization_id = organizations[number % len(organizations)]
        mine = [_of(organization_id, parts) for parts in made[number::writers]]
        task = folder / f"{number}.pickle"
        task.write_bytes(pickle.dumps((url, organization_id, mine)))
        running.append(
            subprocess.Popen(
                [*command, str(task)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()  # it is ready
    started = perf_counter()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120)[0] for process in running]
    elapsed = perf_counter() - started
    times = sorted(float(line) for lines in told for line in lines.split())
    return BATCH * len(times) / elapsed, times[len(times) // 2] * 1000


def _of(organization_id: int, parts: list[Part]) -> list[Part]:
    assert COLUMNS[0] == "organization_id"
    return [part._replace(row=(organization_id, *part.row[1:])) for part in parts]


def write(task: Path) -> None:
    """Say that it is ready, wait for a line, write, print the seconds that each commit took."""
    url, organization_id, made = pickle.loads(task.read_bytes())
    engine, words = open_engine(url, connections=2), ControlWords()
    engine.connect().close()
    gc.freeze()  # as the server does
    print("ready", flush=True)
    sys.stdin.readline()
    for parts in made:
        begun = perf_counter()
        with writing(engine) as connection:
            now = datetime.now(UTC)
            ids = write_parts(connection, organization_id, parts, words=words, recorded_at=now)
        words.remember(ids)
        print(perf_counter() - begun)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
