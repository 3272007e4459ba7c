"""What `doctor` says of one thing it looked at, and how it would mend it."""

from collections.abc import Callable
from dataclasses import dataclass

PASS, WARN, FAIL, SKIP = "pass", "warn", "fail", "skip"


@dataclass(frozen=True, slots=True)
class Fix:
    """What `doctor --fix` would do."""

    what: str
    """As an order: `make … readable by you alone`."""
    make: Callable[[], object]
    """Raises OSError or BadFile where it cannot be done."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `remedy` says what to do, unless it passed; of a skip, why."""

    state: str
    what: str
    remedy: str = ""
    name: str = "hooks"
    """Stable, for who reads the JSON."""
    fix: Fix | None = None
