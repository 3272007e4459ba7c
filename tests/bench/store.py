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


def spans_per_second(url: str, made: Sequence[Sequence[AuditEvent]]) -> float:
    """Commit `made` one batch after the other into a new database at `url`."""
    store = Store.open(url)
    store.migrate()
    store.first_start()
    organization_id = store.default_organization()
    store.write(organization_id, made[0])  # the first use compiles statements
    started = time.perf_counter()
    for batch in made[1:]:
        store.write(organization_id, batch)
    elapsed = time.perf_counter() - started
    store.close()
    return (len(made) - 1) * BATCH / elapsed


def leaf_microseconds(events: Sequence[AuditEvent]) -> float:
    """What one leaf costs: canonical bytes, commitments, hash."""
    slots = [slots_of(event) for event in events]
    fields: list[dict[str, Json]] = [
        {"v": 1, "log": "agentaudit/0", "seq": seq, "id": event.event_id, "tool": "Bash"}
        | {f"field_{n}": "a value of usual length" for n in range(20)}
        for seq, event in enumerate(events)
    ]
    started = time.perf_counter()
    for one, texts in zip(fields, slots, strict=True):
        seal(one, texts, os.urandom)
    return (time.perf_counter() - started) / len(events) * 1e6


def main() -> None:
    """Print the figures."""
    made = batches(Judge.load(), BATCHES)
    gc.freeze()  # as the server does: the collector need not look at what stays for ever
    with tempfile.TemporaryDirectory() as folder, postgres_server() as postgres:
        sqlite = spans_per_second(f"sqlite:///{Path(folder) / 'bench.db'}", made)
        other = spans_per_second(postgres.new_database(), made)
    leaf = leaf_microseconds([event for batch in made[:4] for event in batch])
    print(f"store, batches of {BATCH}, SQLite      {sqlite:8,.0f} spans/s")
    print(f"store, batches of {BATCH}, PostgreSQL  {other:8,.0f} spans/s")
    print(f"ledger leaf, {len(slots_of(made[0][0]))} slots                {leaf:8.1f} µs")


if __name__ == "__main__":
    main()
