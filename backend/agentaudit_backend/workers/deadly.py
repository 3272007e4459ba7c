"""Requests that no worker ever finishes: after three tries they are refused for good.

Their senders would send them again for ever; and each time, what the other workers had in hand
would be lost with them.
"""

from collections import OrderedDict
from hashlib import sha256
from threading import Lock

MOST_TRIES = 3
_MOST_KNOWN = 64


class Deadly:
    """Safe for several threads; costs nothing while nothing of the kind has come."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tries: OrderedDict[bytes, int] = OrderedDict()

    def tried(self, body: bytes) -> None:
        """A worker was given up over it."""
        name = sha256(body).digest()
        with self._lock:
            self._tries[name] = self._tries.pop(name, 0) + 1
            while len(self._tries) > _MOST_KNOWN:
                self._tries.popitem(last=False)

    def has(self, body: bytes) -> bool:
        """Whether it was tried often enough."""
        if not self._tries:
            return False
        with self._lock:
            return self._tries.get(sha256(body).digest(), 0) >= MOST_TRIES
