"""What a server does again and again, in a thread of its own."""

import logging
from abc import ABC, abstractmethod
from threading import Event, Thread

from agentaudit_processor.faults import log_fault

_log = logging.getLogger(__name__)


class Rounds(ABC):
    """A thread that goes its round each `pause_s` seconds; a round that fails has a next one.

    With `once_more`, it also does when it is stopped: what is left would be lost.
    """

    def __init__(self, name: str, pause_s: float, *, once_more: bool = False) -> None:
        self._name = name
        self._pause_s = pause_s
        self._once_more = once_more
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Go from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done now, at the latest with the process."""
        self._stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.wait(self._pause_s):
            self._try_round()
        if self._once_more:
            self._try_round()

    def _try_round(self) -> None:
        try:
            self._round()
        except Exception as error:  # noqa: BLE001  the store may be away; there is a next time
            log_fault(_log, self._name, error)

    @abstractmethod
    def _round(self) -> None: ...
