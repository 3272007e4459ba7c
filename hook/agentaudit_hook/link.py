"""The thin client's link to a relay: one frame there, one answer back. Standard library only.

Whatever is imported here is paid at every tool call: see `client`.
"""

import os
import time

from agentaudit_hook.frames import (
    ANSWER_HEAD_SIZE,
    RECEIVED,
    UNTIL,
    Malformed,
    answer_sizes,
    pack_frame,
)
from agentaudit_hook.places import NO_FOLLOW, Place, find_place

try:
    from _socket import AF_UNIX, SOCK_STREAM
    from _socket import socket as Socket  # noqa: N812  `socket` itself costs 8 ms of imports
except ImportError:  # Windows, which has none, or another Python implementation
    import socket

    AF_UNIX = getattr(socket, "AF_UNIX", None)  # type: ignore[assignment,misc]
    SOCK_STREAM, Socket = socket.SOCK_STREAM, socket.socket  # type: ignore[assignment,misc]

HAS_SOCKETS = AF_UNIX is not None

MIN_DEADLINE_MS = 500
MAX_DEADLINE_MS = 9_000
"""What the environment may ask for; the entries that `install` writes give a hook 10 s."""

Header = dict[bytes, bytes]
Answer = tuple[int, bytes, bytes]


def ask(place: Place, header: Header, body: bytes, deadline: float) -> bool:
    """Send the event, pass the answer on; False when there was no whole answer in time."""
    try:
        link = Socket(AF_UNIX, SOCK_STREAM)
    except OSError:  # no more files
        return False
    set_until(header, deadline)
    try:
        _limit(link, deadline)
        link.connect(place.socket)
        link.sendall(frame_of(place, header, body))
        _, stdout, stderr = _read_answer(link, deadline)
    except (OSError, Malformed):
        link.close()
        return False
    try:
        write(2, stderr)
        write(1, stdout)
        if stdout:
            link.sendall(RECEIVED)
    except OSError:  # the agent has gone; the relay learns it by the missing RECEIVED
        pass
    link.close()
    return True


def listens(place: Place) -> bool:
    """Tell whether a relay, however slow, holds the socket."""
    link = Socket(AF_UNIX, SOCK_STREAM)
    try:
        link.settimeout(0.0)
        link.connect(place.socket)
    except BlockingIOError:
        return True  # its backlog is full
    except OSError:
        return False
    finally:
        link.close()
    return True


def set_until(header: Header, deadline: float) -> None:
    """Tell in the header when the client gives up: all processes share the monotonic clock."""
    header[UNTIL.encode()] = b"%d" % int(deadline * 1e9)


def frame_of(place: Place, header: Header, body: bytes) -> bytes:
    """The frame for the relay of that Place, or its inbox."""
    return pack_frame({**header, b"name": place.name.encode()}, body)


def deadline_in(seconds: float) -> float:
    """Monotonic time in `seconds`, or in what AGENTAUDIT_DEADLINE_MS says instead.

    Whoever may set a variable must not have calls go unjudged: neither for want of time, nor
    because the agent gives up before its hook does.
    """
    told = os.environ.get("AGENTAUDIT_DEADLINE_MS", "")
    if told.isascii() and told.isdigit() and len(told) < 9:
        seconds = min(max(int(told), MIN_DEADLINE_MS), MAX_DEADLINE_MS) / 1000
    return time.monotonic() + seconds


def write(file: int, text: bytes) -> None:
    """All of `text`, unbuffered."""
    while text:
        text = text[os.write(file, text) :]


def note(error: BaseException) -> None:
    """Leave one line about a failure of the client in the relay's log."""
    try:
        place = find_place(os.environ)
        line = f"{time.time():.3f} client {type(error).__name__}: {error}\n"
        file = os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_FOLLOW, 0o600)
        os.write(file, line.encode("utf-8", "replace"))
        os.close(file)
    except OSError:  # nowhere to tell it
        pass


def _read_answer(link: Socket, deadline: float) -> Answer:
    head = _read_exactly(link, ANSWER_HEAD_SIZE, deadline)
    code, stdout_size, stderr_size = answer_sizes(head)
    text = _read_exactly(link, stdout_size + stderr_size, deadline)
    return code, text[:stdout_size], text[stdout_size:]


def _read_exactly(link: Socket, size: int, deadline: float) -> bytes:
    chunks = []
    while size:
        _limit(link, deadline)
        chunk = link.recv(min(size, 65536))
        if not chunk:
            raise Malformed("the relay hung up")
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _limit(link: Socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    link.settimeout(left)
