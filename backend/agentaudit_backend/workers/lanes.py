"""Which workers are idle: who has a request takes one, or several that nobody else waits for."""

from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from threading import Condition

from agentaudit_processor.ports import Unavailable


class Lanes:
    """The ways to idle workers; any thread may call."""

    def __init__(self, idle: Iterable[Connection]) -> None:
        self._idle = list(idle)
        self.waiting = 0
        """How many wait for one."""
        self._is_over = False
        self._changed = Condition()

    def take(self, most: int) -> Sequence[Connection]:
        """Wait for one; take up to `most`, but none that somebody else waits for.

        Raises:
            Unavailable: there will be none any more.
        """
        with self._changed:
            self.waiting += 1
            self._changed.wait_for(lambda: self._idle or self._is_over)
            self.waiting -= 1
            if self._is_over:
                raise Unavailable("the workers have gone")
            count = min(most, max(len(self._idle) - self.waiting, 1))
            # the last one that was given back: its caches are the warmest
            return [self._idle.pop() for _ in range(count)]

    def give_back(self, lanes: Iterable[Connection]) -> None:
        """They are idle again."""
        with self._changed:
            self._idle.extend(lanes)
            self._close_if_over()
            self._changed.notify_all()

    def end(self) -> None:
        """Have nobody wait any more, and close those that are idle, now or later."""
        with self._changed:
            self._is_over = True
            self._close_if_over()
            self._changed.notify_all()

    def _close_if_over(self) -> None:
        while self._is_over and self._idle:
            self._idle.pop().close()
