"""What one call takes in the relay: read, judge, mask, spool, sync; no process around it.

`python -m tests.bench relay`. Wall includes the disk; CPU is the thread's own.
"""

import json
import tempfile
import time
from pathlib import Path

from agentaudit_hook.agents import claude_code
from agentaudit_hook.agents.shape import Told
from agentaudit_hook.relay.decided import Heard
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.recorder import Recorder
from agentaudit_hook.relay.sequences import Sequences
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import StatusFile
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import NOON_NS
from tests.support.hook import payload

CALLS = 2_000


def report() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        costs = _measure(_recorder(Path(folder)))
    for name, taken in costs.items():
        taken.sort()
        p50, p99 = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
        print(f"{name:6} p50 {p50:.2f} ms, p99 {p99:.2f} ms")


def _recorder(state: Path) -> Recorder:
    spool, policy = Spool(state / "spool"), Policy()
    status = StatusFile(state / "status.json", time.time_ns)
    return Recorder(
        judge=Judge.load(),
        policy=lambda: policy,
        keeper=Keeper(spool, 1 << 30, status),
        open_calls=OpenCalls(state / "open-calls"),
        sequences=Sequences(state / "sequences"),
        status=status,
        await_delivery=lambda number, seconds: None,
    )


def _measure(recorder: Recorder) -> dict[str, list[float]]:
    body = json.dumps(payload("PreToolUse-Bash")).encode()
    costs: dict[str, list[float]] = {"wall": [], "CPU": []}
    for number in range(CALLS):
        told = Told(
            verb="pre",
            body=body.replace(b"toolu_", b"toolu_%d" % number),
            at_ns=NOON_NS + number,
            cwd="/",
            env={},
        )
        started, used = time.perf_counter(), time.thread_time()
        recorder.take(claude_code, told, Heard.LIVE)
        costs["CPU"].append((time.thread_time() - used) * 1e3)
        costs["wall"].append((time.perf_counter() - started) * 1e3)
    return costs


if __name__ == "__main__":
    report()
