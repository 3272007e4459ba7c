"""What judging one call costs: typical calls, hostile texts of 20 KB, and the start.

CPU time of this process, which does not move with what its neighbours do. The calls of a row differ
from each other, so that nothing is answered from memory.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from agentaudit_processor.model import Action, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import a_request, a_tool_call

RUNS = 300
HOSTILE_CHARS = 20_480
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
HOSTILE = {
    "a.a.a.@": "a.",
    "1.1.1.": "1.",
    "digits": "1 ",
    "look-alike cards": "4111 1111 1111 1112 ",
    "pipes": "a|",
    "open $(": "$(",
    "quotes": "'",
    "telephone numbers": "+12125551234 ",
    "keys": "password=",
    "tokens": "token=aB3dE5fG7hJ9kL1mN2 ",
    "accounts": "DE89 3704 0044 0532 0130 01 ",
    "addresses": "a@bc.de ",
    "heredocs": "cat <<A\n",
    "nested JSON": '{"a":',
    "SQL": "DELETE FROM a WHERE b=1;",
}


def report() -> None:
    """Print the tables."""
    judge = Judge.load()
    print(f"{'typical call':24}{'examine p50':>14}{'p99':>10}{'event p50':>12}   us")
    for name, make in TYPICAL.items():
        examined, told = _typical(judge, make)
        p99 = sorted(examined)[int(RUNS * 0.99)]
        print(
            f"{name:24}{statistics.median(examined):14.0f}{p99:10.0f}{statistics.median(told):12.0f}"
        )
    print(f"\n{'hostile 20 KB':24}{'as a command':>14}{'as code':>10}{'as SQL':>12}   ms")
    for name, unit in HOSTILE.items():
        row = [_hostile(judge, unit, field) for field in ("command", "code", "sql")]
        print(f"{name:24}{row[0]:14.1f}{row[1]:10.1f}{row[2]:12.1f}")
    print(f"\nstart: import and Judge.load, {_start_ms():.0f} ms CPU (bare interpreter left out)")


def _typical(judge: Judge, make: Callable[[int], ToolCall]) -> tuple[list[float], list[float]]:
    """Microseconds of `examine`, and of `event` after it."""
    examined, told = [], []
    for at in range(RUNS):
        call = make(at)
        start = time.process_time()
        exam = judge.examine(call)
        between = time.process_time()
        exam.event(Policy())
        told.append((time.process_time() - between) * 1e6)
        examined.append((between - start) * 1e6)
    return examined, told


def _hostile(judge: Judge, unit: str, field: str) -> float:
    """Milliseconds of a whole verdict, once what is imported late is there."""
    action = Action.SHELL_COMMAND if field == "command" else Action.OTHER
    costs = []
    for at in range(2):
        text = unit * (HOSTILE_CHARS // len(unit)) + f" {at}"
        start = time.process_time()
        judge.examine(a_request(action=action, arguments={field: text})).event(Policy())
        costs.append((time.process_time() - start) * 1e3)
    return costs[-1]


def _start_ms() -> float:
    bare, loaded = (_cpu_ms(code) for code in ("pass", _LOAD))
    return loaded - bare


_LOAD = "from agentaudit_processor.pipeline import Judge; Judge.load()"


def _cpu_ms(code: str) -> float:
    timed = f"import time\n{code}\nprint(time.process_time() * 1e3)"
    runs = [
        float(subprocess.run([sys.executable, "-c", timed], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    return min(runs)
