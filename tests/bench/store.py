"""How many judged spans a second the store commits, on SQLite and PostgreSQL.

Run alone: `.venv/bin/python -m tests.bench.store`. Judging is left out: it is measured by itself.
"""

import gc
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from agentaudit_backend.ledger.leaf import seal
from agentaudit_backend.store.sealing import slots_of
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import AuditEvent, Json
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import NOON_NS, a_tool_call
from tests.support.postgres import postgres_server

BATCH = 512
BATCHES = 20
_COMMANDS = (
    "pytest tests/unit -q",
    "git status --short && git diff --stat",
    "psql -h prod-db -c 'DELETE FROM users WHERE id = 7'",
    "curl -s https://api.example.com/v1/items | jq .",
    "cat .env",
)


def batches(judge: Judge, count: int) -> list[list[AuditEvent]]:
    """Judged calls of eight sessions, a second apart."""
    policy = Policy(version=1)
    made = []
    for number in range(count * BATCH):
        call = a_tool_call(
            session_id=f"session-{number % 8}",
            call_id=f"toolu_{number}",
            arguments={"command": _COMMANDS[number % len(_COMMANDS)], "description": "A command"},
            result={"stdout": "line of output\n" * 20, "stderr": "", "interrupted": False},
            started_ns=NOON_NS + number * 1_000_000_000,
            ended_ns=NOON_NS + number * 1_000_000_000 + 60_000_000,
        )
        made.append(judge.examine(call).event(policy))
    return [made[start : start + BATCH] for start in range(0, len(made), BATCH)]


def committed(url: str, made: Sequence[Sequence[AuditEvent]]) -> str:
    """Commit `made` one batch after the other into a new database at `url`; gives the figures.

    The second one is our own CPU, which a busy machine changes less.
    """
    store = Store.open(url)
    store.migrate()
    store.first_start()
    organization_id = store.default_organization()
    store.write(organization_id, made[0])  # the first use compiles statements
    started, cpu = time.perf_counter(), time.process_time()
    for batch in made[1:]:
        store.write(organization_id, batch)
    elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
    store.close()
    count = (len(made) - 1) * BATCH
    return f"{count / elapsed:8,.0f} spans/s  {cpu / count * 1e6:5.0f} µs CPU a span"


def leaf_microseconds(events: Sequence[AuditEvent]) -> float:
    """What one leaf costs of CPU: canonical bytes, commitments, hash."""
    slots = [slots_of(event) for event in events]
    fields: list[dict[str, Json]] = [
        {"v": 1, "log": "agentaudit/0", "seq": seq, "id": event.event_id, "tool": "Bash"}
        | {f"field_{n}": "a value of usual length" for n in range(20)}
        for seq, event in enumerate(events)
    ]
    started = time.process_time()
    for one, texts in zip(fields, slots, strict=True):
        seal(one, texts, os.urandom)
    return (time.process_time() - started) / len(events) * 1e6


def main() -> None:
    """Print the figures."""
    made = batches(Judge.load(), BATCHES)
    gc.freeze()  # as the server does: the collector need not look at what stays for ever
    with tempfile.TemporaryDirectory() as folder, postgres_server() as postgres:
        sqlite = committed(f"sqlite:///{Path(folder) / 'bench.db'}", made)
        other = committed(postgres.new_database(), made)
    leaf = leaf_microseconds([event for batch in made[:4] for event in batch])
    print(f"store, batches of {BATCH}, SQLite      {sqlite}")
    print(f"store, batches of {BATCH}, PostgreSQL  {other}")
    print(f"ledger leaf, {len(slots_of(made[0][0]))} slots                {leaf:8.1f} µs")


if __name__ == "__main__":
    main()
