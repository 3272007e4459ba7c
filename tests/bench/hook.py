"""What a hook costs an agent: bare interpreter, `agentaudit-hook pre` warm and cold, side by side.

`python -m tests.bench.hook`. Wall is what the agent waits; CPU is user + system time of the
client's process alone. Runs alternate, so that a busy machine is busy for all of them.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.hook import HOOK, HookHome, a_hook_home, payload

WARM_RUNS = 60
COLD_RUNS = 8

Cost = tuple[float, float]
"""Wall and CPU milliseconds."""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, a_hook_home(Path(folder)) as hook:
        told = json.dumps(payload("PreToolUse-Bash")).encode()
        rows = _measure(hook, told)
        inside = _inside(hook, told)
    bare = rows["python -c pass"]
    print(f"{'':34}{'wall ms':>9}{'x bare':>8}{'CPU ms':>8}")
    for name, costs in rows.items():
        wall, cpu = _medians(costs)
        print(f"{name:34}{wall:9.1f}{wall / _medians(bare)[0]:8.2f}{cpu:8.1f}")
    p50, p99 = inside[len(inside) // 2], inside[int(len(inside) * 0.99)]
    print(f"one call on the relay's socket: p50 {p50:.2f} ms, p99 {p99:.2f} ms")


def _measure(hook: HookHome, told: bytes) -> dict[str, list[Cost]]:
    rows: dict[str, list[Cost]] = {
        "python -c pass": [],
        "agentaudit-hook pre, warm relay": [],
        "agentaudit-hook pre, no relay yet": [],
    }
    env = hook.env
    bare, warm, cold = rows.values()
    _run([HOOK, "pre"], env, told)
    for _ in range(WARM_RUNS):
        bare.append(_run([sys.executable, "-c", "pass"], env, b""))
        warm.append(_run([HOOK, "pre"], env, told))
    for _ in range(COLD_RUNS):
        hook.kill_relays()
        cold.append(_run([HOOK, "pre"], env, told))
    return rows


def _inside(hook: HookHome, told: bytes) -> list[float]:
    """Sorted milliseconds from frame to answer, without any process being started."""
    import socket

    from agentaudit_hook.frames import pack_frame

    taken = []
    for number in range(1000):
        header = {b"name": hook.place.name.encode(), b"verb": b"pre", b"at_ns": b"%d" % number}
        body = told.replace(b"toolu_", b"toolu_%d" % number)
        with socket.socket(socket.AF_UNIX) as link:
            start = time.perf_counter()
            link.connect(hook.place.socket)
            link.sendall(pack_frame(header, body))
            link.recv(4096)
            taken.append((time.perf_counter() - start) * 1e3)
    return sorted(taken)


def _run(command: list[str], env: dict[str, str], stdin: bytes) -> Cost:
    read, write = os.pipe()
    os.write(write, stdin)
    os.close(write)
    start = time.perf_counter()
    child = subprocess.Popen(command, env=env, stdin=read, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = (time.perf_counter() - start) * 1e3
    child.returncode = os.waitstatus_to_exitcode(status)
    os.close(read)
    assert 0 == child.returncode
    return wall, (used.ru_utime + used.ru_stime) * 1e3


def _medians(costs: list[Cost]) -> Cost:
    return statistics.median(c[0] for c in costs), statistics.median(c[1] for c in costs)


if __name__ == "__main__":
    main()
