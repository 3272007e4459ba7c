"""How many bytes of request bodies are held at a time, while they come in and wait for a worker.

Workers are few, but a body is received before one is free: without a bound, a crowd of senders with
large bodies would fill the memory. Who finds no room is asked to come again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from agentaudit_processor.ports import Unavailable

LARGEST_AT_ONCE = 2
"""Bodies of the largest size that have room beside each other; of usual ones, hundreds."""


class Room:
    """For the bodies of one event loop, which is the only one to ask."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._taken_bytes = 0

    @contextmanager
    def held(self) -> Iterator["Held"]:
        """Room for one body, as it grows; given back at the end."""
        held = Held(self)
        try:
            yield held
        finally:
            self._taken_bytes -= held.size_bytes

    def take(self, size_bytes: int) -> None:
        """Give so much room away.

        Raises:
            Unavailable: there is none.
        """
        if self._taken_bytes + size_bytes > self._size_bytes:
            raise Unavailable("too many requests are under way")
        self._taken_bytes += size_bytes


class Held:
    """The room that one body has taken so far."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.size_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """Take room for more of the body.

        Raises:
            Unavailable: there is none.
        """
        self._room.take(size_bytes)
        self.size_bytes += size_bytes
