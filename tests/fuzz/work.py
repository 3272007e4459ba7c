"""Look for a text of 20 KB that makes the judge work too much, or until the time is up.

`python -m tests.fuzz.work [seconds]`. Work is counted, not timed. What is too much is kept under
tests/data/once_slow, where every test run tries it again.
"""

import json
import shlex
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from agentaudit_processor.model import Action
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import a_request
from tests.support.hostile import CHARS, units
from tests.support.work import calls_of

KEPT = Path(__file__).parents[1] / "data/once_slow"
SECONDS = 120
MOST_CALLS = 250_000
_AT_ONCE = 40
_FIELDS = ("command", "code", "sql", "text")
_SHAPES: dict[str, Callable[[str], str]] = {
    "again and again": lambda unit: unit * (CHARS // len(unit) + 1),
    "no two alike": lambda unit: "".join(
        f"{unit}{at};" for at in range(CHARS // (len(unit) + 4) + 1)
    ),
    "a line each": lambda unit: "\n".join(f"{unit} {at}" for at in range(CHARS // (len(unit) + 4))),
    "in quotes": lambda unit: f"bash -c {shlex.quote(unit * (CHARS // len(unit) + 1))}",
    "as JSON": lambda unit: json.dumps([{unit: f"{unit}{at}"} for at in range(CHARS // 40)]),
}
_UNITS = st.lists(st.sampled_from(units()) | st.text(min_size=1, max_size=12), min_size=1).map(
    lambda pieces: "".join(pieces)[:400]
)


def main() -> int:
    """Number of texts that were too much work: 0 or 1."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    judge = Judge.load()
    judge.speed_up()
    ends, most, tried = time.monotonic() + seconds, 0, 0
    while time.monotonic() < ends:
        dearest, field, text = _round(judge)
        most, tried = max(most, dearest), tried + _AT_ONCE
        if dearest > MOST_CALLS:
            print(f"after {tried:,} texts: {dearest:,} calls\nkept in {_kept(field, text)}")
            return 1
    print(f"{tried:,} texts, {most:,} calls at most, bar {MOST_CALLS:,}")
    return 0


def work_of(judge: Judge, field: str, text: str) -> int:
    """How many calls the verdict on `text`, given in `field`, takes."""
    action = Action.SHELL_COMMAND if field == "command" else Action.OTHER
    call = a_request(action=action, arguments={field: text})
    return calls_of(lambda: judge.examine(call).event(Policy()))


def _round(judge: Judge) -> tuple[int, str, str]:
    """The dearest of some texts: its calls, the field that it was given in, and the text."""
    seen = [(0, "", "")]

    @settings(
        max_examples=_AT_ONCE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_UNITS, st.sampled_from(sorted(_SHAPES)), st.sampled_from(_FIELDS))
    def judged(unit: str, shape: str, field: str) -> None:
        text = _SHAPES[shape](unit)[: CHARS + 400]
        calls = work_of(judge, field, text)
        target(float(calls))
        seen.append((calls, field, text))

    judged()
    return max(seen)


def _kept(field: str, text: str) -> Path:
    told = json.dumps({"field": field, "text": text}, indent=1)
    path = KEPT / f"{sha256(told.encode()).hexdigest()[:12]}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(told + "\n", "utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
