"""What the whole verdict on a hostile text of 20 KB costs, at most 25 ms each.

`python -m tests.bench hostile`. CPU time of this process, in ms: once, as a first call pays it, and
the best of three, which neighbours on the same cores do not swell. Examples of all rules, repeated,
are in it too: a new rule is measured without a word here.
"""

import time
from collections.abc import Callable, Iterator

from agentaudit_processor.model import Action, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import a_request, a_tool_call
from tests.support.hostile import examples_repeated, texts

BAR_MS = 25
ROWS = 24
_TIMES = 3


def report() -> None:
    """Print the dearest, and how many are over the bar."""
    judge = Judge.load()
    judge.speed_up()
    for call in (a_request(), a_request(action=Action.OTHER, arguments={"sql": "DROP TABLE a"})):
        judge.examine(call).event(Policy())  # what is imported late
    rows = sorted(
        ((*_cost(judge, make), name) for name, make in _calls(judge)), key=lambda row: -row[1]
    )
    print(f"{'hostile 20 KB':52}{'once':>8}{'best of 3':>12}   ms CPU")
    for once, best, name in rows[:ROWS]:
        print(f"{name:52}{once:8.1f}{best:12.1f}")
    over = [name for _, best, name in rows if best > BAR_MS]
    print(f"\n{len(rows)} calls, {len(over)} over {BAR_MS} ms at best")


def _calls(judge: Judge) -> Iterator[tuple[str, Callable[[int], ToolCall]]]:
    """Calls by name; no two of one name are equal, so that none is answered from memory."""
    for name, text in texts().items():
        yield f"{name}, a command", _asking("command", text, Action.SHELL_COMMAND)
        yield f"{name}, code", _asking("code", text, Action.OTHER)
        yield f"{name}, SQL", _asking("sql", text, Action.OTHER)
        yield f"{name}, a file read", _reading(text)
    for name, arguments in examples_repeated(judge.packs.rules):
        field, text = next(iter(arguments.items()))
        action = Action.SHELL_COMMAND if field == "command" else Action.OTHER
        yield f"{name}, repeated", _asking(field, str(text), action)


def _asking(field: str, text: str, action: Action) -> Callable[[int], ToolCall]:
    return lambda at: a_request(action=action, arguments={field: f"{text} {at}"})


def _reading(text: str) -> Callable[[int], ToolCall]:
    return lambda at: a_tool_call(
        "Read", action=Action.FILE_READ, result={"file": {"content": f"{text}{' ' * at}"}}
    )


def _cost(judge: Judge, make: Callable[[int], ToolCall]) -> tuple[float, float]:
    """Milliseconds of a verdict: the first, and the best."""
    costs = []
    for at in range(_TIMES):
        call = make(at)
        start = time.process_time()
        judge.examine(call).event(Policy())
        costs.append((time.process_time() - start) * 1e3)
    return costs[0], min(costs)
