"""The relay's socket: one thread per connection, one frame and one answer on each."""

import json
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agentaudit_hook.frames import (
    FRAME_HEAD_SIZE,
    RECEIVED,
    Malformed,
    frame_sizes,
    pack_answer,
    unpack_header,
)
from agentaudit_hook.places import Place

CONTROL_VERB = "control"
"""The verb of management commands: their argument names what they want, the answer is JSON."""
FRAME_SECONDS = 5.0
CONFIRM_SECONDS = 1.0
MAX_CONNECTIONS = 64
_PAUSE_SECONDS = 0.05

_log = logging.getLogger(__name__)

Header = dict[str, str]
Answered = tuple[bytes, Callable[[], None]]
"""What goes to stdout, and what to do once the client has confirmed a decision."""


def listen(place: Place) -> socket.socket:
    """Bind the socket (0600) in one step: it is never there without somebody listening.

    The caller holds the lock of the state folder, so what lies at the path is nobody's.
    """
    fresh = f"{place.runtime}/.{place.name}.sock"
    Path(fresh).unlink(missing_ok=True)  # of one that was killed just here
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(fresh)
    Path(fresh).chmod(0o600)
    listener.listen(128)
    Path(fresh).replace(place.socket)
    return listener


class Server:
    """Accepts until stopped."""

    def __init__(
        self,
        listener: socket.socket,
        name: str,
        *,
        hear: Callable[[Header, bytes], Answered],
        control: Callable[[str], object],
    ) -> None:
        self._listener = listener
        self._name = name
        self._hear = hear
        self._control = control
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self.used_at = time.monotonic()
        self.answered_at = self.used_at
        self.answered = threading.Event()
        self._closed = False

    def run(self) -> None:
        """Accept connections. Ends when `stop` has closed the listener."""
        while True:
            self._slots.acquire()
            try:
                link, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()
            except (OSError, RuntimeError) as error:
                self._slots.release()
                if self._closed:
                    return
                # Out of files or threads: the clients wait in the backlog until it is better.
                _log.error("cannot accept: %s", error)
                time.sleep(_PAUSE_SECONDS)

    def stop(self, seconds: float) -> None:
        """Accept no more, and wait until those under way are answered, at most `seconds`."""
        self._closed = True
        self._listener.shutdown(socket.SHUT_RDWR)  # close alone would leave accept() waiting
        self._listener.close()
        deadline = time.monotonic() + seconds
        for _ in range(MAX_CONNECTIONS):
            self._slots.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def _serve(self, link: socket.socket) -> None:
        try:
            with link:
                link.settimeout(FRAME_SECONDS)
                self._answer(link)
        except (OSError, Malformed) as error:
            _log.info("connection dropped: %s", error)
        except Exception:  # noqa: BLE001  the client fails open; the next call must find the relay
            _log.exception("a frame could not be handled")
        finally:
            self._slots.release()
            self.answered.set()

    def _answer(self, link: socket.socket) -> None:
        if not _is_ours(link):
            raise Malformed("a stranger's process")
        header, body = _read_frame(link)
        if header.get("name") != self._name:
            raise Malformed("another configuration's call")
        if header.get("verb") == CONTROL_VERB:
            told = json.dumps(self._control(header.get("argument", ""))).encode()
            link.sendall(pack_answer(0, told, b""))
            return
        self.used_at = time.monotonic()
        stdout, confirmed = self._hear(header, body)
        link.sendall(pack_answer(0, stdout, b""))
        self.answered_at = time.monotonic()
        if stdout:
            link.settimeout(CONFIRM_SECONDS)
            if link.recv(1) == RECEIVED:
                confirmed()


def _read_frame(link: socket.socket) -> tuple[Header, bytes]:
    header_size, body_size = frame_sizes(_read_exactly(link, FRAME_HEAD_SIZE))
    header = unpack_header(_read_exactly(link, header_size))
    return header, _read_exactly(link, body_size)


def _read_exactly(link: socket.socket, size: int) -> bytes:
    read = bytearray()
    while len(read) < size:
        chunk = link.recv(min(size - len(read), 1 << 20))
        if not chunk:
            raise Malformed("the client hung up")
        read += chunk
    return bytes(read)


def _is_ours(link: socket.socket) -> bool:
    """Whether the other end runs as our user; the folder's mode says so too, where this cannot."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    packed = link.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    return bool(struct.unpack("3i", packed)[1] == os.getuid())
