"""Slows down guessing of keys: so many failures per address, then wait."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

FAILURES = 10
WINDOW_SECONDS = 300
_REMEMBERED = 10_000  # addresses; the oldest are forgotten, so that memory stays bounded


class Throttle:
    """Counts failures per address in memory. Safe for several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = Lock()

    def wait_seconds(self, address: str) -> int:
        """Seconds until `address` may try again; 0 when it may now."""
        with self._lock:
            recent = self._recent(address)
            if len(recent) < FAILURES:
                return 0
            return max(1, int(recent[0] + WINDOW_SECONDS - self._clock()) + 1)

    def failed(self, address: str) -> None:
        """Note a wrong key."""
        with self._lock:
            recent = self._recent(address)
            recent.append(self._clock())
            self._failures[address] = recent
            self._failures.move_to_end(address)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget earlier failures."""
        with self._lock:
            self._failures.pop(address, None)

    def _recent(self, address: str) -> list[float]:
        oldest = self._clock() - WINDOW_SECONDS
        return [at for at in self._failures.get(address, []) if at > oldest]
