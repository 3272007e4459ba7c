"""What a process and its children use, as Linux tells it; how one is ended."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def tree_of(pid: int) -> Iterator[int]:
    """`pid` and all below it that still run."""
    yield pid
    for task in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # it ended meanwhile
            continue
        for child in children:
            yield from tree_of(int(child))


def end_process(process: "subprocess.Popen[bytes]", within_s: float = 10) -> None:
    """Ask a process to end, and make it where it does not."""
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_s(pid: int) -> float:
    """Seconds of processor time of `pid` and those below it."""
    return sum(map(_cpu_s, tree_of(pid)))


def memory_mb(pid: int) -> float:
    """Resident memory of `pid` and those below it, what they share counted once."""
    return sum(memory_by_process_mb(pid))


def memory_by_process_mb(pid: int) -> list[float]:
    """The same of each, `pid` first; of what several share, each has its part."""
    return [_pss_kb(one) / 1024 for one in tree_of(pid)]


def _cpu_s(pid: int) -> float:
    try:
        after_name = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


def _pss_kb(pid: int) -> int:
    try:
        told = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in told.splitlines() if line[:4] == "Pss:"), 0)
