"""A Sink that keeps Events in memory: for tests, and for trying things out."""

from collections.abc import Sequence
from threading import Lock

from agentaudit_processor.model import AuditEvent
from agentaudit_processor.ports import Unavailable


class MemorySink:
    """Keeps what it is given, in order; the same Event twice is kept twice, for tests to see."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: list[tuple[int, AuditEvent]] = []
        self.is_available = True
        """While False, every write is refused."""

    def write(self, organization_id: int, events: Sequence[AuditEvent]) -> None:
        """Keep all `events`.

        Raises:
            Unavailable: `is_available` is False.
        """
        if not self.is_available:
            raise Unavailable("the memory sink was told to refuse")
        with self._lock:
            self._events.extend((organization_id, event) for event in events)

    def events(self, organization_id: int | None = None) -> list[AuditEvent]:
        """What was written, for one organisation or for all."""
        with self._lock:
            return [
                event
                for owner, event in self._events
                if organization_id is None or owner == organization_id
            ]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._events.clear()
