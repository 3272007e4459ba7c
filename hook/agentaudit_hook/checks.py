"""What `doctor` says of one thing it looked at."""

from dataclasses import dataclass

PASS, WARN, FAIL = "pass", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `remedy` says what to do, unless it passed."""

    state: str
    what: str
    remedy: str = ""
