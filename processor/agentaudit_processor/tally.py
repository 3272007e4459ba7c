"""Counts of what went through, under the Collector's names for such counts."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One counter's value: how many, or how many seconds."""

    name: str
    labels: Labels
    value: float


class Tally:
    """Counters that only grow; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[tuple[str, Labels], float] = defaultdict(int)

    def add(self, name: str, count: float = 1, **labels: str) -> None:
        """Count `count` more, e.g. of `receiver_accepted_spans` with `transport="grpc"`."""
        if count:
            key = (name, tuple(sorted(labels.items())))
            with self._lock:
                self._counts[key] += count

    def snapshot(self) -> dict[str, float]:
        """All counts so far, by name, whatever the labels."""
        found: dict[str, float] = defaultdict(int)
        for count in self.counts():
            found[count.name] += count.value
        return dict(found)

    def counts(self) -> Iterator[Count]:
        """All counts so far, by name and labels."""
        with self._lock:
            items = sorted(self._counts.items())
        for (name, labels), value in items:
            yield Count(name=name, labels=labels, value=value)
