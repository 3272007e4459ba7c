"""What judging one call costs: typical calls, beside stdlib `re`, the start, and the memory.

CPU time of this process, which neighbours on the same cores swell, but less than the clock: read
the ratios. The calls of a row differ from each other, so that nothing is answered from memory.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agentaudit_processor.actions import action_of
from agentaudit_processor.classify.sheet import Sheet
from agentaudit_processor.model import Action, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import a_tool_call

# not by `tests.support.hook`, whose imports would count as the judge's memory
PAYLOADS = Path(__file__).parents[1] / "conformance" / "claude_code" / "payloads"
RUNS = 300
_ROUNDS = 5
CALLS = 10_000
SOURCE = "def login(user, password):\n    return check(user, hash(password))\n\n" * 20

TYPICAL: dict[str, Callable[[int], ToolCall]] = {
    "ls": lambda at: a_tool_call(arguments={"command": f"ls -la src/{at}"}),
    "tests in a pipe": lambda at: a_tool_call(
        arguments={"command": f"cd src && pytest -q tests/{at} 2>&1 | tail -20"},
        result={"stdout": "....... [100%]\n7 passed in 0.1s" * 10, "stderr": ""},
    ),
    "read 1.3 KB": lambda at: a_tool_call(
        "Read",
        action=Action.FILE_READ,
        arguments={"file_path": f"/home/alice/project/src/a{at}.py"},
        result={"type": "text", "file": {"filePath": "a.py", "content": SOURCE}},
    ),
    "edit": lambda at: a_tool_call(
        "Edit",
        action=Action.FILE_EDIT,
        arguments={"file_path": f"/srv/a{at}.py", "old_string": "two", "new_string": "three"},
    ),
    "rm -rf": lambda at: a_tool_call(arguments={"command": f"rm -rf victim{at}"}),
    "a secret": lambda at: a_tool_call(
        arguments={"command": f"deploy {at} --id AKIA" + "Q3EGRFB4WUS5LP2M"}
    ),
}


def _recorded(at: int) -> ToolCall:
    """One of the calls that Claude Code was seen to make, its main argument made another."""
    told = _recordings()[at % len(_recordings())]
    arguments = dict(told["tool_input"])
    for name, more in (("command", f" x{at}"), ("file_path", str(at)), ("pattern", str(at))):
        if name in arguments:
            arguments[name] += more
    name, result = told["tool_name"], told.get("tool_response")
    return a_tool_call(name, action=action_of(name), arguments=arguments, result=result)


@cache
def _recordings() -> list[Any]:
    found = [json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("*.json"))]
    return [told for told in found if told.get("hook_event_name") in ("PreToolUse", "PostToolUse")]


RECORDED = {"as Claude Code made them": _recorded}


def report() -> None:
    """Print the tables."""
    judge = Judge.load()
    judge.speed_up()
    _report_typical(judge)
    rows = [*_beside_stdlib(judge), *_start_and_memory()]
    print(f"\n{'':44}{'figure':>12}{'bar':>12}")
    for name, figure, bar in rows:
        print(f"{name:44}{figure:>12}{bar:>12}")


def _report_typical(judge: Judge) -> None:
    print(f"us, bar 150 p50{'examine':>22}{'p50 of all':>12}{'p99':>8}{'again':>8}{'event':>8}")
    for name, make in (RECORDED | TYPICAL).items():
        rounds = [_typical(judge, make, first * RUNS) for first in range(_ROUNDS)]
        every = sorted(cost.examine for costs in rounds for cost in costs)
        figures = (
            _best(rounds, "examine"),
            statistics.median(every),
            every[int(len(every) * 0.99)],
            _best(rounds, "again"),
            _best(rounds, "event"),
        )
        widths = (13, 12, 8, 8, 8)
        row = "".join(f"{one:{width}.0f}" for one, width in zip(figures, widths, strict=True))
        print(f"{name:24}{row}")


class _Cost(NamedTuple):
    """Microseconds."""

    examine: float
    again: float
    """To examine the same call once more, as when it has ended."""
    event: float


def _best(rounds: Sequence[Sequence[_Cost]], name: str) -> float:
    """The median of the round that neighbours disturbed least."""
    return min(statistics.median(getattr(cost, name) for cost in costs) for costs in rounds)


def _typical(judge: Judge, make: Callable[[int], ToolCall], first: int) -> list[_Cost]:
    costs = []
    for at in range(first, first + RUNS):
        call = make(at)
        start = time.process_time()
        exam = judge.examine(call)
        between = time.process_time()
        judge.examine(call)
        examined = time.process_time()
        exam.event(Policy())
        stop = time.process_time()
        pieces = (between - start, examined - between, stop - examined)
        costs.append(_Cost(*(piece * 1e6 for piece in pieces)))
    return costs


def _beside_stdlib(judge: Judge) -> Iterator[tuple[str, str, str]]:
    """Our scan beside the same patterns one by one, over the same texts."""
    sheets = [Sheet(make(at)).text for make in TYPICAL.values() for at in range(10)]
    patterns = [one for rule in judge.scanner.rules if (one := _in_stdlib(rule.pattern))]
    left_out = len(judge.scanner.rules) - len(patterns)
    ours = min(_us(lambda: [judge.scanner.scan(text) for text in sheets]) for _ in range(5))
    theirs = _us(lambda: [pattern.search(text) for text in sheets for pattern in patterns])
    each = f"{len(patterns)} patterns one by one in `re`, a text"
    yield "scan of a text", f"{ours / len(sheets):.0f} us", ""
    yield each, f"{theirs / len(sheets):.0f} us", f"({left_out} left out)"
    yield "ratio", f"{theirs / ours:.0f} x", ">= 20 x"


def _in_stdlib(pattern: str) -> "re.Pattern[bytes] | None":
    try:
        return re.compile(pattern.replace(r"\z", r"\Z").encode())
    except re.error:  # `(?i)` in the middle, `\x{…}`
        return None


def _us(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e6


def _start_and_memory() -> Iterator[tuple[str, str, str]]:
    """The start without and with a cache, and what a process holds; each a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        # compiled modules are kept too, wherever this is run
        environment = {**os.environ, "XDG_CACHE_HOME": folder, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _told("import agentaudit_processor.pipeline", environment)
        bare = min(_told("", environment) for _ in range(5))
        yield "start, nothing kept", f"{_told(_LOAD, environment) - bare:.0f} ms", ""
        _told(f"{_LOAD}; judge.speed_up()", environment)
        kept = min(_told(_LOAD, environment) for _ in range(5)) - bare
        yield "start, from the cache", f"{kept:.0f} ms", "<= 150 ms"
        environment.pop("PYTHONPYCACHEPREFIX")  # which costs 4 MB that no user pays
        loaded = _told(_LOAD, environment, _PEAK_MB)
        yield "memory after the start, peak", f"{loaded:.0f} MB", "<= 80 MB"
        worked = _told(_WORK, environment, _PEAK_MB)
        yield f"memory after {CALLS:,} calls, peak", f"{worked:.0f} MB", "<= 80 MB"
        by_re2 = _told(f"{_WITHOUT}\n{_WORK}", environment, _PEAK_MB)
        yield "the same without hyperscan, peak", f"{by_re2:.0f} MB", "<= 80 MB"


_PEAK_MB = "resource.getrusage(0).ru_maxrss / 1024"
_LOAD = "from agentaudit_processor.pipeline import Judge; judge = Judge.load()"
_WITHOUT = """
from agentaudit_processor.classify import hyperscan_pass
hyperscan_pass.IS_INSTALLED = False
"""
_WORK = f"{_LOAD}\nfrom tests.bench.classify import work; work(judge)"


def _told(
    code: str, environment: Mapping[str, str], figure: str = "time.process_time() * 1e3"
) -> float:
    """What a new process that ran `code` tells: its CPU time in ms, or `figure`."""
    script = f"import resource, time\n{code}\nprint({figure})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env=environment
    )
    return float(done.stdout)


def work(judge: Judge) -> None:
    """Judge many calls: typical ones, and what every rule looks for."""
    examples = [str(one.call) for rule in judge.packs.rules for one in rule.examples]
    makes = list(TYPICAL.values())
    for at in range(CALLS):
        call = makes[at % len(makes)](at)
        if at % 3 == 0:
            example = examples[at // 3 % len(examples)]
            call = a_tool_call(arguments={"command": f"echo {at}; {example}"}, result=example)
        elif at % 100 == 1:
            call = a_tool_call(arguments={"command": f"psql -c 'DELETE FROM a WHERE id = {at}'"})
        judge.examine(call).event(Policy())
