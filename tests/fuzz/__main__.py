"""Judge Activities of any shape until one breaks the judge, or the time is up.

`python -m tests.fuzz [seconds]`. What breaks it is made as small as can be and kept under
tests/data/once_broke, where every test run tries it again.
"""

import json
import sys
import time
from hashlib import sha256
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from agentaudit_processor.model import Activity
from agentaudit_processor.pipeline import Judge
from tests.support.activities import activities
from tests.support.judged import check
from tests.support.once_broke import told_of

KEPT = Path(__file__).parents[1] / "data/once_broke"
SECONDS = 300
_AT_ONCE = 200


def main() -> int:
    """Number of Activities that broke the judge: 0 or 1."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    judge = Judge.load()
    judge.speed_up()
    ends, tried = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        broken = _round(judge)
        tried += _AT_ONCE
        if broken is not None:
            activity, error = broken
            print(f"after {tried:,} Activities: {error!r}\nkept in {_kept(activity, error)}")
            return 1
    print(f"{tried:,} Activities, all judged")
    return 0


def _round(judge: Judge) -> tuple[Activity, Exception] | None:
    """The smallest Activity that was found to break the judge, and how; None if none did."""
    broken: list[tuple[Activity, Exception]] = []

    @settings(
        max_examples=_AT_ONCE,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(activities)
    def judged(activity: Activity) -> None:
        try:
            check(judge, activity)
        except Exception as error:
            broken.append((activity, error))
            raise

    try:
        judged()
    except Exception as error:  # noqa: BLE001  whatever it is, it is what was looked for
        return broken[-1] if broken else _give_up(error)
    return None


def _give_up(error: Exception) -> None:
    raise error


def _kept(activity: Activity, error: Exception) -> Path:
    told = told_of(activity, f"{type(error).__name__}: {str(error)[:200]}")
    text = json.dumps(told, indent=1, sort_keys=True)
    path = KEPT / f"{sha256(text.encode()).hexdigest()[:12]}.json"
    path.write_text(text + "\n", "utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
