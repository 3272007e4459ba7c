"""Counts of what went through, under the Collector's names for such counts."""

from collections import Counter
from threading import Lock


class Tally:
    """Counters that only grow; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        """Count `count` more, e.g. of `receiver_accepted_spans`."""
        if count:
            with self._lock:
                self._counts[name] += count

    def snapshot(self) -> dict[str, int]:
        """All counts so far, by name."""
        with self._lock:
            return dict(self._counts)
